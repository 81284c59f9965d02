import type { Attributes, Value } from './values.ts';

/** Values of a page. */
const PAGE = 1_024;

/** Puts the values of many into lists that they share: a list for each takes more memory than what is in it. */
export class ValuePages {
  #page: Value[] = [];
  #used = PAGE;

  /** Those that would not fit into a page keep their own list. */
  take(of: Attributes): void {
    const { values } = of;
    if (values.length > PAGE) return;
    if (this.#used + values.length > PAGE) {
      this.#page = new Array<Value>(PAGE).fill(false);
      this.#used = 0;
    }
    of.values = this.#page;
    of.offset = this.#used;
    for (const value of values) {
      this.#page[this.#used] = value;
      this.#used += 1;
    }
  }
}
