import { JsonValueError } from './read-json.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;

/**
 * Gives the text of each item of a JSON array, one at a time: a million entities are never all in memory as JSON.
 * What an item is, is for its reader to find wrong.
 *
 * @throws JsonValueError when the text is no array
 */
export function splitArray(text: string, take: (item: string, index: number) => void): void {
  const start = text.search(/\S/);
  const end = text.trimEnd().length - 1;
  if (text[start] !== '[' || text[end] !== ']' || end <= start)
    throw new JsonValueError('entities: must be a JSON list');
  let depth = 0;
  let count = 0;
  let from = start + 1;
  const finish = (to: number) => {
    take(text.slice(from, to), count);
    count += 1;
    from = to + 1;
  };
  for (let at = start + 1; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 123 || code === 91) depth += 1;
    else if (code === 125 || code === 93) depth -= 1;
    else if (code === COMMA && depth === 0) finish(at);
  }
  if (count > 0 || text.slice(from, end).trim() !== '') finish(end);
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at > 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
