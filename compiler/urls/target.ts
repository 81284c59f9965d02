import { InvalidRequestError } from '../../engine/index.ts';

/** Longest URL that is looked at, in characters as sent. */
export const MAX_URL_LENGTH = 8_192;
/** Longest path, in UTF-16 units after decoding. With the size of the expressions it bounds the work of a request. */
export const MAX_PATH_LENGTH = 2_048;

/** Names of methods and headers. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What a URL says, in the one form that a proxy, an application and we cannot read in different ways. */
export interface UrlTarget {
  /** In lower case, without port and final dot. */
  host?: string;
  /** Decoded, and not empty but for the last one: `/a/b` is `['a', 'b']`, `/a/` is `['a', '']`, `/` is `['']`. */
  segments: string[];
  /** As sent, without the question mark. */
  query: string;
}

/** What RFC 3986 lets a segment have, without `;`: servers disagree on whether it ends the segment. */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*$/;
/** What separates parts of a URL, or would be decoded a second time. */
const SEPARATOR = /[/\\;?#%]/;
const CONTROL = /\p{Cc}/u;
const QUERY = /^[\x21-\x7e]*$/;
const HOST = /^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Reads `/path?query` or `http(s)://host/path?query`. What could be read in two ways is refused: encoded
 * separators, `.` and `..`, empty segments, a second encoding, what is not UTF-8 in normal form C.
 *
 * @throws InvalidRequestError saying what is ambiguous, without the value
 */
export function parseTarget(url: string): UrlTarget {
  if (url.length > MAX_URL_LENGTH) throw refused(`is longer than ${MAX_URL_LENGTH} characters`);
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url);
  const authority = absolute?.[1];
  const rest = absolute === null ? url : (absolute[2] as string) || '/';
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  if (!path.startsWith('/')) throw refused('must be a path that begins with /, or an http or https URL');
  if (!QUERY.test(query) || query.includes('#')) {
    throw refused('has a query with characters that must be percent-encoded');
  }
  return {
    ...(authority === undefined ? {} : { host: parseHost(authority) }),
    segments: parseSegments(path),
    query,
  };
}

/** A host name or address as `Host` and URLs have it, in lower case, without port. @throws InvalidRequestError */
export function parseHost(text: string): string {
  if (!HOST.test(text)) throw refused('has a host that is not a name or an address');
  return text.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
}

/** @throws InvalidRequestError */
function parseSegments(path: string): string[] {
  const raw = path.slice(1).split('/');
  if (raw.slice(0, -1).includes('')) throw refused('has an empty path segment (//)');
  const segments = raw.map(decodeSegment);
  if (segments.reduce((length, segment) => length + 1 + segment.length, 0) > MAX_PATH_LENGTH) {
    throw refused(`has a path longer than ${MAX_PATH_LENGTH} characters`);
  }
  return segments;
}

/** One segment of a path, decoded once. @throws InvalidRequestError when it is ambiguous */
export function decodeSegment(raw: string): string {
  if (raw.includes(';')) throw refused('has a ; in its path, which servers read in different ways');
  if (!SEGMENT.test(raw)) throw refused('has characters in its path that must be percent-encoded');
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    throw refused('has a path that is not UTF-8');
  }
  // A server may fold look-alikes, such as a full-width slash, into the character itself.
  const folded = text.normalize('NFKC');
  if (SEPARATOR.test(text) || SEPARATOR.test(folded)) {
    throw refused('has an encoded separator in its path: one of / \\ ; ? # %');
  }
  if (CONTROL.test(text)) throw refused('has a control character in its path');
  if (/[\s.]$|^\s/u.test(text) || /[\s.]$|^\s/u.test(folded)) {
    throw refused('has a path segment that begins or ends with a space, or ends with a dot');
  }
  if (text !== text.normalize('NFC')) throw refused('has a path that is not in Unicode normal form C');
  return text;
}

/** Equal for what a server that is not exact about letters may take for the same. */
export function fold(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase();
}

function refused(problem: string): InvalidRequestError {
  return new InvalidRequestError('url', problem);
}
