import type { Problem, SchemaJson } from '../engine/index.ts';
import { cedar, guarded, type Piece, problemsOf } from './cedar.ts';
import type { TextFile } from './files.ts';
import { MAX_NESTING } from './policies.ts';
import { positionAt } from './position.ts';
import { splitPolicies } from './split-policies.ts';

type SchemaAnswer = ReturnType<ReturnType<typeof cedar>['schemaToJson']>;

/** Parses the text of a schema; what is wrong with it goes into `problems`. */
export function parseSchemaText(file: TextFile, problems: Problem[]): SchemaJson | undefined {
  const answer = answerFor(file, problems);
  if (answer === undefined) return undefined;
  const piece = wholeOf(file);
  if (answer.type === 'failure') {
    for (const problem of answer.errors.flatMap((error) => problemsOf(error, piece))) {
      problems.push(...(undeclaredNames(problem, file) ?? [problem]));
    }
    return undefined;
  }
  problems.push(...answer.warnings.flatMap((warning) => problemsOf(warning, piece, 'warning')));
  return answer.json as SchemaJson;
}

/** Whether text has the form of a schema, whatever it names; what is wrong goes into `problems`. */
export function schemaSyntax(file: TextFile, problems: Problem[]): void {
  const answer = answerFor(file, problems);
  if (answer?.type !== 'failure') return;
  const wrong = answer.errors.filter(({ message }) => message.startsWith('failed to parse schema'));
  problems.push(...wrong.flatMap((error) => problemsOf(error, wholeOf(file))));
}

/** What Cedar says of the text, where it can bear it. */
function answerFor(file: TextFile, problems: Problem[]): SchemaAnswer | undefined {
  // A set's type nests as a bracket does: Set<Set<Long>>.
  const deep = splitPolicies(file.text, '()[]{}<>').find(({ depth }) => depth > MAX_NESTING);
  if (deep !== undefined) {
    const message = `nests brackets ${deep.depth} deep; the limit is ${MAX_NESTING}`;
    problems.push({ severity: 'error', file: file.path, ...positionAt(file.text, deep.deepestAt), message });
    return undefined;
  }
  const outcome = guarded(() => cedar().schemaToJson(file.text));
  if ('answer' in outcome) return outcome.answer;
  const message = 'this schema is too deep for the Cedar parser';
  problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message });
  return undefined;
}

function wholeOf({ path, text }: TextFile): Piece {
  return { file: path, source: text, text, offset: 0 };
}

/**
 * For names that nothing declares Cedar gives no place; each is shown where the file first has it.
 *
 * @returns undefined for another problem
 */
export function undeclaredNames(problem: Problem, { path, text }: TextFile): Problem[] | undefined {
  const names = /^failed to resolve types?: (.+)$/.exec(problem.message)?.[1]?.split(', ');
  if (names === undefined) return undefined;
  return [...new Set(names)].map((name) => {
    const found = new RegExp(`(?<![\\w:])${name.replace(/[^\w:]/g, '')}(?![\\w:])`).exec(text);
    const message = `\`${name}\` is not declared as a common or entity type`;
    return { severity: 'error', file: path, ...positionAt(text, found?.index ?? 0), message };
  });
}
