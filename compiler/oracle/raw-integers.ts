import { rawJson } from '../../engine/lossless-json.ts';

/**
 * A value to hand to the official package: it writes its arguments with `JSON.stringify`, which refuses a BigInt,
 * and reads them in Rust, which does not. What has no BigInt inside is returned as it is.
 */
export function withRawIntegers<T>(value: T): T {
  return raw(value) as T;
}

function raw(value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(raw);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const [key, item] of Object.entries(value)) {
    const replaced = raw(item);
    if (replaced === item) continue;
    // Without a prototype `__proto__` is a name like any other.
    copy ??= Object.assign(Object.create(null), value) as Record<string, unknown>;
    copy[key] = replaced;
  }
  return copy ?? value;
}
