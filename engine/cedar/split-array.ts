import { JsonValueError } from './read-json.ts';

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_RECORD = 123;
const CLOSE_RECORD = 125;

/** Anything but JSON's white space. */
const TEXT = /[^ \t\n\r]/;

/**
 * The text of each item of a JSON array, one at a time: a million entities are never all in memory as JSON. What an
 * item is, is for its reader to find wrong.
 *
 * @param pieces the text, cut anywhere
 * @throws JsonValueError when the text is no array
 */
export function* arrayItems(pieces: Iterable<string>): Generator<string> {
  let state = 'before' as 'before' | 'inside' | 'after';
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let count = 0;
  /** What earlier pieces have of the item. */
  let begun = '';
  for (const piece of pieces) {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const code = piece.charCodeAt(at);
      if (quoted) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) quoted = false;
      } else if (state !== 'inside') {
        if (!TEXT.test(piece[at] as string)) continue;
        if (state === 'after' || code !== OPEN_LIST) throw noList();
        state = 'inside';
        from = at + 1;
      } else if (code === QUOTE) quoted = true;
      else if (code === OPEN_RECORD || code === OPEN_LIST) depth += 1;
      else if (depth > 0) {
        if (code === CLOSE_RECORD || code === CLOSE_LIST) depth -= 1;
      } else if (code === COMMA || code === CLOSE_LIST) {
        const item = begun + piece.slice(from, at);
        begun = '';
        from = at + 1;
        if (code === CLOSE_LIST) state = 'after';
        if (code === COMMA || count > 0 || TEXT.test(item)) yield item;
        count += 1;
      }
    }
    if (state === 'inside') begun += piece.slice(from);
  }
  if (state !== 'after') throw noList();
}

function noList(): JsonValueError {
  return new JsonValueError('entities: must be a JSON list');
}
