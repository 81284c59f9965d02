import type { Shape } from './values.ts';

interface Branch {
  shape: Shape | undefined;
  next: Map<string, Branch>;
}

/** One shape for all records with the same names in the same order: for data that stays, never for requests. */
export class ShapeTable {
  readonly #root: Branch = { shape: undefined, next: new Map() };

  of(names: readonly string[]): Shape {
    let branch = this.#root;
    for (const name of names) {
      let next = branch.next.get(name);
      if (next === undefined) {
        next = { shape: undefined, next: new Map() };
        branch.next.set(name, next);
      }
      branch = next;
    }
    branch.shape ??= shapeOf(names);
    return branch.shape;
  }
}

export function shapeOf(names: readonly string[]): Shape {
  return new Map(names.map((name, index) => [name, index]));
}
