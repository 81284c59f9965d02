import { InvalidRequestError } from '../../engine/index.ts';
import { placeholder } from './path-pattern.ts';

/** A text with placeholders, such as `{tenant}/{note}`. */
export class ValueTemplate {
  readonly #parts: (string | { name: string })[];
  /** Characters between placeholders. What is filled in has none of them, so that no two fillings give one text. */
  readonly #between: Set<string>;

  /**
   * @param names what may be filled in
   * @throws InvalidRequestError
   */
  constructor(text: string, at: string, names: ReadonlySet<string>) {
    const pieces = text.split(/(\{[^{}]*\})/).filter((piece) => piece !== '');
    if (pieces.length === 0) throw new InvalidRequestError(at, 'must not be empty');
    this.#parts = pieces.map((piece) => {
      const name = placeholder(piece, at);
      if (name === undefined) {
        if (/[{}]/.test(piece))
          throw new InvalidRequestError(at, 'has a brace that is not of a {placeholder}');
        return piece;
      }
      if (!names.has(name)) {
        const known = names.size === 0 ? '' : `; captured: ${[...names].join(', ')}`;
        throw new InvalidRequestError(at, `nothing is captured as {${name}}${known}`);
      }
      return { name };
    });
    for (const [index, part] of this.#parts.entries()) {
      if (typeof part === 'string' || typeof (this.#parts[index + 1] ?? '') === 'string') continue;
      throw new InvalidRequestError(
        at,
        'has two placeholders with nothing between them: put a / or another character there',
      );
    }
    const first = this.#parts.findIndex((part) => typeof part !== 'string');
    const last = this.#parts.findLastIndex((part) => typeof part !== 'string');
    const between = this.#parts.slice(first, last).filter((part) => typeof part === 'string');
    this.#between = new Set(between.join(''));
  }

  /** `undefined` when something to fill in is missing, empty, or could be taken for what is between. */
  fill(captured: ReadonlyMap<string, string>): string | undefined {
    let text = '';
    for (const part of this.#parts) {
      const value = typeof part === 'string' ? part : captured.get(part.name);
      if (value === undefined || value === '') return undefined;
      if (typeof part !== 'string' && [...value].some((character) => this.#between.has(character))) {
        return undefined;
      }
      text += value;
    }
    return text;
  }
}
