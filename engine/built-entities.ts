import type { EntityJson, EntityUid } from './cedar-json.ts';
import { parseJson, stringifyJson } from './lossless-json.ts';
import { findLine, sortedLines } from './sorted-lines.ts';

/** Entities as a built bundle has them: JSON text in which one is found without reading the others. */
export class BuiltEntities {
  readonly #text: string;

  /** @param text as {@link writeEntities} makes it */
  constructor(text: string) {
    this.#text = text;
  }

  /** An entity, if it is there. @throws SyntaxError when its text is damaged */
  find(type: string, id: string): EntityJson | undefined {
    const line = findLine(this.#text, beginningOf({ type, id }));
    return line === undefined ? undefined : (parseJson(line) as EntityJson);
  }

  /** @throws SyntaxError when the text is damaged */
  all(): EntityJson[] {
    return parseJson(this.#text) as EntityJson[];
  }
}

/** The JSON text of entities, each on a line that begins with its uid. */
export function writeEntities(entities: readonly EntityJson[]): string {
  const lines = entities.map(({ uid, ...entity }) => {
    const { type, id } = uid;
    return stringifyJson({ uid: { type, id }, ...entity });
  });
  return sortedLines('[', lines, ']');
}

function beginningOf(uid: EntityUid): string {
  return `{"uid":${JSON.stringify(uid)},`;
}
