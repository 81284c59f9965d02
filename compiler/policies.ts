import type { PolicyJson, Problem } from '../engine/index.ts';
import { cedar, guarded, type Piece, problemsOf } from './cedar.ts';
import type { TextFile } from './files.ts';
import { positionAt } from './position.ts';
import { type Statement, splitPolicies } from './split-policies.ts';

/** Bracket nesting in policy text; the official parser dies somewhere above 120. */
export const MAX_NESTING = 64;

/** Nesting of a policy's JSON, in which each operator is a level; the official reader ends at 128 with the rest. */
const MAX_JSON_DEPTH = 118;

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
  for (const { path, text } of files) {
    for (const [index, statement] of splitPolicies(text).entries()) {
      const piece: Piece = { file: path, source: text, text: statement.text, offset: statement.offset };
      const parsed = parseStatement(statement, piece, `${path}#${index + 1}`, problems);
      if (parsed === 'dead') return policies;
      if (parsed === undefined) continue;
      const first = byId.get(parsed.id);
      if (first === undefined) {
        byId.set(parsed.id, parsed);
        policies.push(parsed);
      } else {
        problems.push(duplicate(parsed, first));
        // Under a name of its own, so that it is validated like the others.
        policies.push({ ...parsed, id: `${path}#${index + 1}` });
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
  if (statement.depth > MAX_NESTING) {
    const message = `nests brackets ${statement.depth} deep; the limit is ${MAX_NESTING}`;
    problems.push(at(piece, statement.deepestAt, message, 'split the policy, or use a set with .contains'));
    return undefined;
  }
  const outcome = guarded(() => parse(piece.text));
  const tooDeep = () => {
    const message = 'this policy is too deep for the Cedar parser';
    const help = 'a chain of some 55 operators is as deep: write `[1, 2].contains(x)`, or split the policy';
    problems.push(at(piece, piece.offset, message, help));
  };
  if ('failure' in outcome) {
    tooDeep();
    return outcome.failure === 'dead' ? 'dead' : undefined;
  }
  if (outcome.answer.type === 'failure') {
    problems.push(...outcome.answer.errors.flatMap((error) => problemsOf(error, piece)));
    return undefined;
  }
  const { json, template } = outcome.answer;
  if (depthOf(json) > MAX_JSON_DEPTH) {
    tooDeep();
    return undefined;
  }
  if (hasInexactNumber(json)) {
    const help = 'this version reads whole numbers up to 2^53 - 1';
    problems.push(at(piece, piece.offset, 'this policy has a number that JSON cannot hold exactly', help));
    return undefined;
  }
  const id = json.annotations?.id || defaultId;
  return { id, template, json, piece: { ...piece, policy: id } };
}

type Parsed =
  | { type: 'failure'; errors: Parameters<typeof problemsOf>[0][] }
  | { type: 'success'; json: PolicyJson; template: boolean };

function parse(text: string): Parsed {
  const asPolicy = cedar().policyToJson(text);
  if (asPolicy.type === 'success')
    return { type: 'success', json: asPolicy.json as PolicyJson, template: false };
  // A template is no policy to Cedar; if it is neither, what is wrong with the policy says more.
  const asTemplate = /\?(principal|resource)\b/.test(text) ? cedar().templateToJson(text) : undefined;
  if (asTemplate?.type === 'success')
    return { type: 'success', json: asTemplate.json as PolicyJson, template: true };
  return { type: 'failure', errors: (asTemplate ?? asPolicy).errors };
}

function at(piece: Piece, offset: number, message: string, help: string): Problem {
  return { severity: 'error', file: piece.file, ...positionAt(piece.source, offset), message, help };
}

function duplicate({ id, piece }: ParsedPolicy, first: ParsedPolicy): Problem {
  const { line } = positionAt(first.piece.source, first.piece.offset);
  const message = `the policy id "${id}" is taken`;
  return at(piece, piece.offset, message, `the first is at ${first.piece.file}:${line}`);
}

/** Rounding has already happened when it can be seen: nothing beyond 2^53 - 1 is sure to be what was written. */
function hasInexactNumber(node: unknown): boolean {
  if (typeof node === 'number') return !Number.isSafeInteger(node);
  return typeof node === 'object' && node !== null && Object.values(node).some(hasInexactNumber);
}

function depthOf(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0;
  return 1 + Object.values(node).reduce<number>((deepest, item) => Math.max(deepest, depthOf(item)), 0);
}
