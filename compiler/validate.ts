import type { Problem, TemplateLink } from '../engine/index.ts';
import { cedar, guarded, problemsOf } from './cedar.ts';
import type { ParsedPolicy } from './policies.ts';
import type { ParsedSchema } from './schema.ts';

/** Holds policies to the schema, in Cedar's strict mode. */
export function validatePolicies(
  policies: ParsedPolicy[],
  links: TemplateLink[],
  parsed: ParsedSchema,
  problems: Problem[],
): void {
  const textOf = (template: boolean) =>
    Object.fromEntries(policies.filter((p) => p.template === template).map((p) => [p.id, p.piece.text]));
  const outcome = guarded(() =>
    cedar().validate({
      schema: parsed.file.text,
      policies: { staticPolicies: textOf(false), templates: textOf(true), templateLinks: links },
    }),
  );
  const { file } = parsed;
  const whole = { file: file.path, source: file.text, text: file.text, offset: 0 };
  if ('failure' in outcome) {
    const message = 'the policies are too deep for the Cedar validator';
    problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message });
    return;
  }
  const answer = outcome.answer;
  if (answer.type === 'failure') {
    problems.push(...answer.errors.flatMap((error) => problemsOf(error, whole)));
    return;
  }
  const pieces = new Map(policies.map(({ id, piece }) => [id, piece]));
  const report = (list: typeof answer.validationErrors, severity: Problem['severity']) => {
    for (const { policyId, error } of list) {
      const template = links.find((link) => link.newId === policyId)?.templateId;
      const piece = pieces.get(template ?? policyId) ?? whole;
      problems.push(...problemsOf(error, piece, severity));
    }
  };
  report(answer.validationErrors, 'error');
  report(answer.validationWarnings, 'warning');
}
