import type { Decision } from '../../engine/contract.ts';

/** The advice that came with a decision; what is no text is left out. */
export function adviceOf(decision: Decision | undefined): readonly string[] {
  const advice: unknown = decision?.context?.advice;
  return Array.isArray(advice) ? advice.filter((item) => typeof item === 'string') : [];
}

/** Whether an item of a batch is a deny only because nobody answered: asking again may help. */
export function isUnanswered(decision: Decision): boolean {
  const status: unknown = decision.context?.error?.status;
  return typeof status === 'number' && status >= 500;
}
