import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { traceIdOf, traceIdOfXRay } from '../../engine/trace-context.ts';
import type { RequestIds } from '../request-ids.ts';

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
export function isAscii(id: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(id);
}

/** The ids of a request that is served under `requestId`. */
export function requestIds(requestId: string, headers: IncomingHttpHeaders): RequestIds {
  return { requestId, traceId: sentTraceId(headers) };
}

/**
 * The trace of W3C's `traceparent` or AWS X-Ray's `X-Amzn-Trace-Id`; of a header that is not exactly one, none: an
 * id that nothing else wrote only misleads.
 */
function sentTraceId(headers: IncomingHttpHeaders): string | undefined {
  const { traceparent, 'x-amzn-trace-id': xray } = headers;
  const id = typeof traceparent === 'string' ? traceIdOf(traceparent) : undefined;
  return id ?? (typeof xray === 'string' ? traceIdOfXRay(xray) : undefined);
}
