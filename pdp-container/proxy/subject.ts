import type { IncomingMessage } from 'node:http';
import { ConfigurationError, InvalidRequestError } from '../../engine/index.ts';
import { KEY_HEADER } from '../http/authentication.ts';
import { DEFAULT_SUBJECT_HEADER } from '../options.ts';
import { singleHeader } from './headers.ts';
import { REQUEST_HEADERS } from './original-request.ts';

/** Longest user key, in UTF-16 units. */
const MAX_SUBJECT_LENGTH = 1_024;

/** Headers that are secrets, or that say what is asked. */
const NOT_A_SUBJECT = new Set([
  ...REQUEST_HEADERS,
  'authorization',
  'proxy-authorization',
  'cookie',
  KEY_HEADER,
]);

/** The name of the header in lower case. @throws ConfigurationError when no subject can be told in it */
export function parseSubjectHeader(name: string): string {
  const lower = name.toLowerCase();
  if (/^[a-z0-9-]+$/.test(lower) && !NOT_A_SUBJECT.has(lower)) return lower;
  throw new ConfigurationError(
    `proxy-subject-header '${name}' cannot tell who asks: name a header of letters, digits and - that the proxy sets, such as ${DEFAULT_SUBJECT_HEADER}`,
  );
}

/**
 * The key of the user, from the header that the proxy sets. What holds a comma is refused: a proxy that adds its
 * value to a client's joins them with one.
 *
 * @returns `undefined` when the proxy named nobody
 * @throws InvalidRequestError when it cannot be one user's key
 */
export function subjectOf(raw: IncomingMessage, header: string): string | undefined {
  const key = singleHeader(raw, header);
  if (key === undefined || key === '') return undefined;
  if (key.length > MAX_SUBJECT_LENGTH || /[,\p{Cc}\uFFFD]/u.test(key)) {
    throw new InvalidRequestError(`header.${header}`, 'is not the key of one user');
  }
  return key;
}
