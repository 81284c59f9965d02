import { BUILT, parseBuilt, requireLines } from './built-files.ts';
import type { EntityJson } from './cedar-json.ts';
import { stringifyJson } from './lossless-json.ts';
import { findLine, sortedLines } from './sorted-lines.ts';

const END = ']';

/** Entities as a built bundle has them: JSON text in which one is found without reading the others. */
export class BuiltEntities {
  readonly #text: string;

  /** @param text as {@link writeEntities} makes it @throws InvalidBundleError when it is cut off */
  constructor(text: string) {
    requireLines(BUILT.entities, text, END);
    this.#text = text;
  }

  /** An entity, if it is there. @throws InvalidBundleError when its text is damaged */
  find(type: string, id: string): EntityJson | undefined {
    const line = findLine(this.#text, `{"uid":${JSON.stringify({ type, id })}`);
    return line === undefined ? undefined : parseBuilt(BUILT.entities, line);
  }

  /** @throws InvalidBundleError when the text is damaged */
  all(): EntityJson[] {
    return parseBuilt(BUILT.entities, this.#text);
  }
}

/** The JSON text of entities, each on a line that begins with its uid. */
export function writeEntities(entities: readonly EntityJson[]): string {
  const lines = entities.map(({ uid: { type, id }, ...entity }) =>
    stringifyJson({ uid: { type, id }, ...entity }),
  );
  return sortedLines('[', lines, END);
}
