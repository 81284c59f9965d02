/** What may stand in the place of any value. */
const OTHERS: readonly unknown[] = [null, true, 0, 'x', '', [], {}];
/** No text: half of a surrogate pair. */
const HALF = '\ud800';

/** Records with names and values of the caller's own: what Cedar cannot hold of them no schema says. */
const FREE = new Set(['properties', 'attributes', 'context']);

/** A value with one part of it taken out, or changed into something else: most are not what they were. */
export function* illFormed(value: unknown): Generator<unknown> {
  yield* [...OTHERS, HALF];
  yield* within(value, [...OTHERS, HALF]);
}

function* within(value: unknown, others: readonly unknown[]): Generator<unknown> {
  if (Array.isArray(value)) {
    const [first, ...rest] = value;
    if (first === undefined) return;
    for (const other of [...others, ...within(first, others)]) yield [other, ...rest];
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    yield rest;
    // A page's token is text, but not any.
    const own = name === 'token' ? others.filter((other) => typeof other !== 'string') : others;
    const below = FREE.has(name) ? OTHERS : own;
    for (const other of [...own, ...within(part, below)]) yield { ...rest, [name]: other };
  }
}
