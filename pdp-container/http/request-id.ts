import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Tells this process's requests from those of others. */
const PROCESS = randomUUID().slice(0, 24);
let count = 0;

/** An id for a request that came without one, in the form of a UUID; a random one for each would cost more. */
export function newRequestId(): string {
  count += 1;
  return PROCESS + count.toString(16).padStart(12, '0');
}

/** The id that a caller gave its request. */
export function sentRequestId(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** Whether Node, which writes headers and a text body together as UTF-8, would write the id as it came. */
export function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}
