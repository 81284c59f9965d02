import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { InvalidRequestError } from '../../engine/index.ts';

/**
 * The values of a header, each as it was sent. @param name in lower case
 *
 * @throws InvalidRequestError when it is not UTF-8
 */
export function headerValues(raw: IncomingMessage, name: string): string[] {
  const values = Object.hasOwn(raw.headersDistinct, name) ? raw.headersDistinct[name] : undefined;
  return (values ?? []).map((value) => utf8(value, name));
}

/** The one value of a header that may be absent. @throws InvalidRequestError when it is there more than once */
export function singleHeader(raw: IncomingMessage, name: string): string | undefined {
  const [value, another] = headerValues(raw, name);
  if (another !== undefined) throw new InvalidRequestError(`header.${name}`, 'is there more than once');
  return value;
}

/** Node reads headers as Latin-1. In two encodings, what one user is called could be the bytes of another's name. */
function utf8(value: string, name: string): string {
  const bytes = Buffer.from(value, 'latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new InvalidRequestError(`header.${name}`, 'is not UTF-8');
}
