/** Whether both evaluators say the same. */
import type { Answer, OracleAnswer } from './oracle.ts';

/** What the answers differ in, or undefined. Messages are each evaluator's own. */
export function difference(official: OracleAnswer, ours: OracleAnswer): string | undefined {
  if ('rejected' in official) return 'rejected' in ours ? undefined : 'only the official package refuses it';
  if ('rejected' in ours) return 'only the engine refuses it';
  if (official.decision !== ours.decision) return 'decision';
  if (!sameSet(official.reasons, ours.reasons)) return 'reasons';
  return sameSet(erring(official), erring(ours)) ? undefined : 'erroring policies';
}

function erring({ errors }: Answer): string[] {
  return errors.map(({ policyId }) => policyId);
}

/** As sets, and neither may name a policy twice. */
function sameSet(a: string[], b: string[]): boolean {
  return a.length === b.length && new Set(b).size === b.length && a.every((item) => b.includes(item));
}
