import { stringifyJson } from '../../engine/lossless-json.ts';

/** JSON text in which the order of keys makes no difference. */
export function canonical(value: unknown): string {
  return stringifyJson(sorted(value, (list) => list));
}

/** The same for what has sets where JSON has lists: entities and schemas. */
export function canonicalSets(value: unknown): string {
  return stringifyJson(
    sorted(value, (list) =>
      list
        .map((item) => [stringifyJson(item), item] as const)
        .sort(([a], [b]) => compare(a, b))
        .map(([, item]) => item),
    ),
  );
}

function sorted(value: unknown, order: (list: unknown[]) => unknown[]): unknown {
  if (Array.isArray(value)) return order(value.map((item) => sorted(item, order)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => compare(a, b))
      .map(([key, item]) => [key, sorted(item, order)]),
  );
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What two maps differ in, by key. */
export interface Changes {
  added: string[];
  removed: string[];
  changed: string[];
}

/** Compares what is under each key; the keys are in order. */
export function changesOf<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Changes {
  const keys = (of: ReadonlyMap<string, T>, wanted: (key: string) => boolean) =>
    [...of.keys()].filter(wanted).sort(compare);
  return {
    added: keys(after, (key) => !before.has(key)),
    removed: keys(before, (key) => !after.has(key)),
    changed: keys(after, (key) => before.has(key) && before.get(key) !== after.get(key)),
  };
}

export function areNone({ added, removed, changed }: Changes): boolean {
  return added.length + removed.length + changed.length === 0;
}
