/** Ids of each type in code unit order, made when first asked for and kept in order from then on. */
export class IdIndex {
  readonly #byType = new Map<string, string[]>();

  of(type: string, list: () => string[]): readonly string[] {
    let ids = this.#byType.get(type);
    if (ids === undefined) {
      ids = list().sort();
      // A type that nothing is of is not kept: requests name any.
      if (ids.length > 0) this.#byType.set(type, ids);
    }
    return ids;
  }

  add(type: string, id: string): void {
    const ids = this.#byType.get(type);
    if (ids === undefined) return;
    const at = positionOf(ids, id);
    if (ids[at] !== id) ids.splice(at, 0, id);
  }

  delete(type: string, id: string): void {
    const ids = this.#byType.get(type);
    if (ids === undefined) return;
    const at = positionOf(ids, id);
    if (ids[at] === id) ids.splice(at, 1);
    if (ids.length === 0) this.#byType.delete(type);
  }
}

/** Where an id is, or would be. */
export function positionOf(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
