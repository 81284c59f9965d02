import type { TextFile } from './files.ts';
import { tokensOf } from './policy-tokens.ts';

/** A place in one of the files that a text was made of. */
export interface Origin {
  file: TextFile;
  /** UTF-16, in the file. */
  offset: number;
}

/** Schemas of several layers as one text: what is declared in one namespace stands in one block. */
export interface UnitedText {
  text: string;
  /** Where something of the text is from; of what is nobody's, what comes before it. */
  originOf(offset: number): Origin;
}

/** A part of a file that is taken over as it is. */
interface Part {
  file: TextFile;
  from: number;
  to: number;
}

/** Puts schemas together, each of which can be parsed, but for names that another declares. */
export function uniteSchemas(files: readonly TextFile[]): UnitedText {
  const namespaces = new Map<string, Part[]>();
  for (const file of files) {
    for (const { namespace, ...part } of partsOf(file)) {
      namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), part]);
    }
  }
  let text = '';
  const placed: { at: number; part: Part }[] = [];
  const add = (parts: readonly Part[]) => {
    for (const part of parts) {
      placed.push({ at: text.length, part });
      text += `${part.file.text.slice(part.from, part.to)}\n`;
    }
  };
  for (const [namespace, parts] of namespaces) {
    if (namespace !== '') text += `namespace ${namespace} {\n`;
    add(parts);
    if (namespace !== '') text += '}\n';
  }
  const originOf = (offset: number): Origin => {
    const { at, part } =
      placed.findLast((each) => each.at <= offset) ?? (placed[0] as (typeof placed)[number]);
    return { file: part.file, offset: Math.min(part.from + Math.max(0, offset - at), part.to) };
  };
  return { text, originOf };
}

/** What stands in each namespace block, and what stands outside of all: one declaration a part. */
function* partsOf(file: TextFile): Generator<Part & { namespace: string }> {
  let depth = 0;
  let start: number | undefined;
  /** Of the declaration that has begun, up to its first brace. */
  let head: string[] = [];
  let block: { namespace: string; from: number } | undefined;
  for (const { text, at } of tokensOf(file.text)) {
    start ??= at;
    if (text === '{') {
      const namespace = depth === 0 ? namespaceOf(head) : undefined;
      if (namespace !== undefined) block = { namespace, from: at + 1 };
      depth += 1;
    } else if (text === '}') {
      depth -= 1;
    }
    if (depth === 0 && text === '}' && block !== undefined) {
      yield { file, namespace: block.namespace, from: block.from, to: at };
      [start, head, block] = [undefined, [], undefined];
    } else if (depth === 0 && text === ';') {
      yield { file, namespace: '', from: start, to: at + 1 };
      [start, head] = [undefined, []];
    } else if (depth === 0) {
      head.push(text);
    }
  }
}

/** `A::B` of the tokens of `@doc("…") namespace A::B`. */
function namespaceOf(head: readonly string[]): string | undefined {
  let index = 0;
  while (head[index] === '@') index += head[index + 2] === '(' ? 5 : 2;
  return head[index] === 'namespace' ? head.slice(index + 1).join('') : undefined;
}
