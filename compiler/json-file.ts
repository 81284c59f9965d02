import { findNodeAtLocation, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Problem } from '../engine/index.ts';
import { parseJson } from '../engine/lossless-json.ts';
import type { TextFile } from './files.ts';
import { positionAt } from './position.ts';

/** Deepest nesting of brackets in a JSON file of a bundle. */
export const MAX_JSON_NESTING = 80;

export type JsonPath = (string | number)[];

/** A parsed JSON file that can say where in its text a value is. */
export interface JsonFile {
  path: string;
  value: unknown;
  /** A problem at a value; if it is not there, at what would hold it. */
  problem(at: JsonPath, message: string, severity?: Problem['severity']): Problem;
}

/** Parses a JSON file, or reports each place where it is not JSON. */
export function parseJsonFile({ path, text }: TextFile, problems: Problem[]): JsonFile | undefined {
  const deep = nestingBeyond(text, MAX_JSON_NESTING);
  if (deep !== undefined) {
    const message = `nests deeper than ${MAX_JSON_NESTING} levels`;
    problems.push({ severity: 'error', file: path, ...positionAt(text, deep), message });
    return undefined;
  }
  try {
    return locatable(path, text, parseJson(text));
  } catch {
    problems.push(...syntaxProblems(path, text));
    return undefined;
  }
}

function syntaxProblems(path: string, text: string): Problem[] {
  const errors: ParseError[] = [];
  parseTree(text, errors, { allowTrailingComma: false, disallowComments: true });
  const [first] = errors;
  const message =
    first === undefined ? 'is not JSON' : `is not JSON: ${words(printParseErrorCode(first.error))}`;
  return [{ severity: 'error', file: path, ...positionAt(text, first?.offset ?? 0), message }];
}

/** `CommaExpected` as `comma expected`. */
function words(code: string): string {
  return code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
}

function locatable(path: string, text: string, value: unknown): JsonFile {
  // Only a file that has a problem is worth a second, slower parse that keeps places.
  let tree: ReturnType<typeof parseTree>;
  return {
    path,
    value,
    problem: (at, message, severity = 'error') => {
      tree ??= parseTree(text);
      let node = tree;
      for (let length = at.length; tree !== undefined && length > 0; length -= 1) {
        const found = findNodeAtLocation(tree, at.slice(0, length));
        if (found === undefined) continue;
        node = found;
        break;
      }
      return { severity, file: path, ...positionAt(text, node?.offset ?? 0), message };
    },
  };
}

/** The offset at which brackets nest deeper than allowed, if they do. Looks at no value. */
export function nestingBeyond(text: string, limit: number): number | undefined {
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\[\s\S])*"|[[\]{}]/g)) {
    const token = match[0];
    if (token === '[' || token === '{') {
      depth += 1;
      if (depth > limit) return match.index;
    } else if (token === ']' || token === '}') {
      depth -= 1;
    }
  }
  return undefined;
}
