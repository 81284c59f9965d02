import type { PolicyJson, Problem } from '../engine/index.ts';
import { guarded, type Piece, problemsOf } from './cedar.ts';
import { idByPlace, type TextFile } from './files.ts';
import { type PolicyParse, parsePolicy } from './parse-policy.ts';
import { positionAt } from './position.ts';
import { type Statement, splitPolicies } from './split-policies.ts';

/** Bracket nesting in policy text; the official parser dies somewhere above 120. */
export const MAX_NESTING = 64;

/** A policy or template, parsed, and where it came from. */
export interface ParsedPolicy {
  id: string;
  template: boolean;
  json: PolicyJson;
  piece: Piece;
}

/** Parses every policy of every file; what is wrong with one hides none of the others. */
export function parsePolicies(files: TextFile[], problems: Problem[]): ParsedPolicy[] {
  const policies: ParsedPolicy[] = [];
  const byId = new Map<string, ParsedPolicy>();
  for (const file of files) {
    const { path, text } = file;
    for (const [index, statement] of splitPolicies(text).entries()) {
      const piece: Piece = { file: path, source: text, text: statement.text, offset: statement.offset };
      const parsed = parseStatement(statement, piece, idByPlace(file, index), problems);
      if (parsed === 'dead') return policies;
      if (parsed === undefined) continue;
      const first = byId.get(parsed.id);
      if (first === undefined) {
        byId.set(parsed.id, parsed);
        policies.push(parsed);
      } else {
        problems.push(duplicate(parsed, first));
        // Under a name of its own, so that it is validated like the others.
        policies.push({ ...parsed, id: idByPlace(file, index) });
      }
    }
  }
  return policies;
}

function parseStatement(
  statement: Statement,
  piece: Piece,
  defaultId: string,
  problems: Problem[],
): ParsedPolicy | 'dead' | undefined {
  const parsed = parseChecked(statement, piece, problems);
  if (parsed === undefined || parsed === 'dead') return parsed;
  const { json, template } = parsed;
  const id = json.annotations?.id || defaultId;
  return { id, template, json, piece: { ...piece, policy: id } };
}

/**
 * Parses one statement, when the official parser can bear it. What is wrong with it goes into `problems`.
 *
 * @returns undefined for a wrong policy; `'dead'` when the parser did not bear it after all, and is of no more use
 */
export function parseChecked(
  { text, depth, deepestAt, load }: Statement,
  piece: Piece,
  problems: Problem[],
): Extract<PolicyParse, { type: 'success' }> | 'dead' | undefined {
  if (depth > MAX_NESTING) {
    const message = `nests brackets ${depth} deep; the limit is ${MAX_NESTING}`;
    problems.push(at(piece, deepestAt, message, 'split the policy, or use a set with .contains'));
    return undefined;
  }
  const outcome = load > 1 ? ({ failure: 'too deep' } as const) : guarded(() => parsePolicy(text));
  if ('failure' in outcome) {
    const message = 'this policy is too deep for the Cedar parser';
    const help =
      'a chain has some 1,000 operators at the most: write `[1, 2].contains(x)`, or split the policy';
    problems.push(at(piece, piece.offset, message, help));
    return outcome.failure === 'dead' ? 'dead' : undefined;
  }
  if (outcome.answer.type === 'success') return outcome.answer;
  problems.push(...outcome.answer.errors.flatMap((error) => problemsOf(error, piece)));
  return undefined;
}

function at(piece: Piece, offset: number, message: string, help: string): Problem {
  return { severity: 'error', file: piece.file, ...positionAt(piece.source, offset), message, help };
}

function duplicate({ id, piece }: ParsedPolicy, first: ParsedPolicy): Problem {
  const message = `the policy id "${id}" is taken`;
  return at(piece, piece.offset, message, `the first is at ${placeOf(first)}`);
}

/** Where a policy is: `file:line`. */
export function placeOf({ piece }: ParsedPolicy): string {
  return `${piece.file}:${positionAt(piece.source, piece.offset).line}`;
}
