import type { IncomingHttpHeaders } from 'node:http';
import type { Claims } from '../http/event.ts';

/** The user that API Gateway has verified. Two values, which API Gateway never sends, are nobody. */
export function gatewayClaims({ 'x-notes-subject': sub }: IncomingHttpHeaders): Claims | undefined {
  return typeof sub === 'string' && sub !== '' && !sub.includes(',') ? { sub } : undefined;
}
