import { ConfigurationError, type Problem, type SchemaJson } from '../engine/index.ts';
import { Schema } from '../engine/schema.ts';
import { cedar, guarded, type Piece, problemsOf } from './cedar.ts';
import type { TextFile } from './files.ts';
import { MAX_NESTING } from './policies.ts';
import { positionAt } from './position.ts';
import { splitPolicies } from './split-policies.ts';

export interface ParsedSchema {
  json: SchemaJson;
  schema: Schema;
  file: TextFile;
}

/** Parses the schema. A bundle has one schema file at the most. */
export function parseSchemaFile(files: TextFile[], problems: Problem[]): ParsedSchema | undefined {
  const [file, ...others] = files;
  if (file === undefined) return undefined;
  for (const other of others) {
    const message = `a bundle has one schema, and ${file.path} is there already`;
    problems.push({ severity: 'error', file: other.path, line: 1, column: 1, message });
  }
  const json = parseSchemaText(file, problems);
  if (json === undefined) return undefined;
  try {
    return { json, schema: new Schema(json), file };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message: error.message });
    return undefined;
  }
}

/** Parses the text of a schema; what is wrong with it goes into `problems`. */
export function parseSchemaText(file: TextFile, problems: Problem[]): SchemaJson | undefined {
  // A set's type nests as a bracket does: Set<Set<Long>>.
  const deep = splitPolicies(file.text, '()[]{}<>').find(({ depth }) => depth > MAX_NESTING);
  if (deep !== undefined) {
    const message = `nests brackets ${deep.depth} deep; the limit is ${MAX_NESTING}`;
    problems.push({ severity: 'error', file: file.path, ...positionAt(file.text, deep.deepestAt), message });
    return undefined;
  }
  const piece: Piece = { file: file.path, source: file.text, text: file.text, offset: 0 };
  const outcome = guarded(() => cedar().schemaToJson(file.text));
  if ('failure' in outcome) {
    const message = 'this schema is too deep for the Cedar parser';
    problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message });
    return undefined;
  }
  if (outcome.answer.type === 'failure') {
    for (const problem of outcome.answer.errors.flatMap((error) => problemsOf(error, piece))) {
      problems.push(...undeclared(problem, file));
    }
    return undefined;
  }
  problems.push(...outcome.answer.warnings.flatMap((warning) => problemsOf(warning, piece, 'warning')));
  return outcome.answer.json as SchemaJson;
}

/** For names that nothing declares Cedar gives no place; each is shown where the file first has it. */
function undeclared(problem: Problem, { path, text }: TextFile): Problem[] {
  const names = /^failed to resolve types?: (.+)$/.exec(problem.message)?.[1]?.split(', ');
  if (names === undefined) return [problem];
  return [...new Set(names)].map((name) => {
    const found = new RegExp(`(?<![\\w:])${name.replace(/[^\w:]/g, '')}(?![\\w:])`).exec(text);
    const message = `\`${name}\` is not declared as a common or entity type`;
    return { severity: 'error', file: path, ...positionAt(text, found?.index ?? 0), message };
  });
}

/**
 * The namespace that `action.name` stands in: the only one in which the schema declares actions.
 * Several are a problem, since a request could not say which it means.
 */
export function actionNamespace(parsed: ParsedSchema | undefined, problems: Problem[]): string {
  const namespaces = parsed?.schema.actionNamespaces() ?? [];
  if (parsed !== undefined && namespaces.length > 1) {
    const named = namespaces.map((name) => (name === '' ? 'the empty one' : name)).join(', ');
    const message = `actions are declared in several namespaces (${named}); a request names an action in one only`;
    problems.push({ severity: 'error', file: parsed.file.path, line: 1, column: 1, message });
  }
  return namespaces[0] ?? '';
}
