/** A property of its own, never one of the prototype; `undefined` of what is no object. */
export function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** What stands at the end of a path of own properties. */
export function ownAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce(own, value);
}
