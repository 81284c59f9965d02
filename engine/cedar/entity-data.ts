import type { EntityJson } from '../cedar-json.ts';
import { parseJson } from '../lossless-json.ts';
import type { EntityData } from './api.ts';
import { JsonValueError } from './read-json.ts';
import { arrayItems } from './split-array.ts';

/** Bytes made into text at once. */
const PIECE = 64 * 1_024;

/** The entities as JSON values, those of text one at a time. @throws JsonValueError for what is no JSON list */
export function* entityValues(data: EntityData): Generator<unknown> {
  if (isValues(data)) {
    yield* data;
    return;
  }
  if (typeof data !== 'string' && !(Symbol.iterator in Object(data))) {
    throw new JsonValueError('entities: must be a list');
  }
  let index = 0;
  for (const text of arrayItems(typeof data === 'string' ? [data] : textOf(data))) {
    yield parsed(text, index);
    index += 1;
  }
}

function isValues(data: EntityData): data is EntityJson[] {
  return Array.isArray(data) && !(data[0] instanceof Uint8Array);
}

function parsed(text: string, index: number): unknown {
  try {
    return parseJson(text);
  } catch {
    // What the parser says of it quotes the text, which no message may.
    throw new JsonValueError(`entities[${index}]: is not JSON`);
  }
}

function* textOf(data: Uint8Array | Iterable<Uint8Array>): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new JsonValueError('entities: is not UTF-8 text');
    }
  };
  for (const bytes of data instanceof Uint8Array ? [data] : data) {
    for (let at = 0; at < bytes.length; at += PIECE) yield decode(bytes.subarray(at, at + PIECE));
  }
  yield decode();
}
