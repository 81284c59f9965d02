/** Texts known at a time. */
const MOST = 4_096;

/** One string for all that are equal, of those that came lately: attributes of many entities say the same. */
export class TextTable {
  readonly #known = new Map<string, string>();

  of(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size === MOST) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
