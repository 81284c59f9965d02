import { InvalidRequestError } from '../../engine/index.ts';

/** Segments below `/v1/data`, decoded: `permit/root` is `['permit', 'root']`. */
export type DocumentPath = readonly string[];

/**
 * The path of the document that a URL names. Each segment is decoded by itself, so that `%2F` is part of one; empty
 * ones are left out.
 *
 * @param url below two fixed segments: `/v1/data/permit/root?pretty`
 * @throws InvalidRequestError when it cannot name one
 */
export function documentPathOf(url: string): DocumentPath {
  const [path = ''] = url.split('?', 1);
  const segments = path.split('/').slice(3);
  return segments.filter((segment) => segment !== '').map(decode);
}

/** As Rego writes it: `data.permit.root["a b"][0]`. */
export function referenceOf(path: DocumentPath): string {
  const terms = path.map((segment) => {
    if (/^[A-Za-z_]\w*$/.test(segment)) return `.${segment}`;
    return isIndex(segment) ? `[${Number(segment)}]` : `[${JSON.stringify(segment)}]`;
  });
  return `data${terms.join('')}`;
}

/** Whether a path is the same as another, or continues it. */
export function isWithin(path: DocumentPath, other: DocumentPath): boolean {
  return other.every((segment, index) => path[index] === segment);
}

/** What is at a path within a value; undefined when nothing is. */
export function select(value: unknown, path: DocumentPath): unknown {
  let found = value;
  for (const segment of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    // OPA takes `01` for the index 1; an array has no other keys.
    const key = Array.isArray(found) ? Number(isIndex(segment) ? segment : -1) : segment;
    if (!Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}

function isIndex(segment: string): boolean {
  return /^\d{1,15}$/.test(segment);
}

function decode(segment: string): string {
  const decoded = decodeURIComponent(segment);
  if (!decoded.includes('"')) return decoded;
  throw new InvalidRequestError('', `invalid path: invalid ref term '${decoded}'`);
}
