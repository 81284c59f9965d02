import type { EntityJson, EntityUid } from '../cedar-json.ts';
import { stringifyJson } from '../lossless-json.ts';

const FIRST = '[\n';
const BETWEEN = ',\n';
const LAST = '\n]';

/**
 * Entities as JSON text in which one is found without reading the others: a list with one of them a line, in the
 * order of the lines, each of which begins with the entity's uid.
 */
export function sortedEntities(entities: readonly EntityJson[]): string {
  const lines = entities.map(({ uid: { type, id }, attrs, parents, tags }) =>
    stringifyJson({ uid: { type, id }, attrs, parents, ...(tags === undefined ? {} : { tags }) }),
  );
  return FIRST + lines.sort().join(BETWEEN) + LAST;
}

/** The JSON text of an entity in what {@link sortedEntities} made, if it is there. */
export function findSorted(text: string, type: string, id: string): string | undefined {
  const key = `{"uid":${JSON.stringify({ type, id })}`;
  let from = FIRST.length;
  let to = text.length - LAST.length + 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const start = text.lastIndexOf('\n', middle - 1) + 1;
    const found = text.slice(start, start + key.length);
    const end = text.indexOf('\n', start);
    if (found === key) return text.slice(start, text[end - 1] === ',' ? end - 1 : end);
    if (found < key) from = end + 1;
    else to = start;
  }
  return undefined;
}

/** The uids of all that is in such a text. */
export function* sortedUids(text: string): Generator<EntityUid> {
  for (const { uid } of JSON.parse(text) as EntityJson[]) yield uid;
}
