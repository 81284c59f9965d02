import { ConfigurationError, type Problem, type SchemaJson } from '../engine/index.ts';
import { Schema } from '../engine/schema.ts';
import type { TextFile } from './files.ts';
import { parseLayeredSchema } from './layered-schema.ts';
import { parseSchemaText } from './schema-text.ts';

export interface ParsedSchema {
  json: SchemaJson;
  schema: Schema;
  file: TextFile;
}

/** Parses the schema. A bundle has one schema file at the most, and so has each of several layers. */
export function parseSchemaFile(files: TextFile[], problems: Problem[]): ParsedSchema | undefined {
  const firsts = new Map<number | undefined, TextFile>();
  for (const file of files) {
    const first = firsts.get(file.layer?.position);
    if (first === undefined) {
      firsts.set(file.layer?.position, file);
      continue;
    }
    const message = `a bundle has one schema, and ${first.path} is there already`;
    problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message });
  }
  const [file, ...later] = firsts.values();
  if (file === undefined) return undefined;
  if (later.length === 0) return resolved(file, parseSchemaText(file, problems), problems);
  const united = parseLayeredSchema([file, ...later], problems);
  if (united === undefined) return undefined;
  return resolved({ path: file.path, text: united.text }, united.json, problems);
}

function resolved(
  file: TextFile,
  json: SchemaJson | undefined,
  problems: Problem[],
): ParsedSchema | undefined {
  if (json === undefined) return undefined;
  try {
    return { json, schema: new Schema(json), file };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push({ severity: 'error', file: file.path, line: 1, column: 1, message: error.message });
    return undefined;
  }
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
