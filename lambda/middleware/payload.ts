import { BadRequestError } from './errors.ts';
import type { HttpEvent, MessageRecord } from './event-kinds.ts';
import { own, ownAt } from './own.ts';

/** A request with a body, or a message. */
export type PayloadEvent = (HttpEvent & { body?: string | null | undefined }) | MessageRecord;

/**
 * The JSON in the body of a request, or in a message of SQS, SNS, Kinesis or EventBridge.
 *
 * @throws BadRequestError when there is none
 */
export function payloadOf(event: unknown): unknown {
  const detail = own(event, 'detail');
  if (detail !== undefined && typeof own(event, 'detail-type') === 'string') return detail;
  const text = textOf(event);
  try {
    if (text !== undefined) return JSON.parse(text);
  } catch {
    // What the parser says has a piece of the text in it.
  }
  throw new BadRequestError('the body must be JSON');
}

function textOf(event: unknown): string | undefined {
  const data = ownAt(event, ['kinesis', 'data']);
  if (typeof data === 'string') return decode(data);
  const text = own(event, 'body') ?? ownAt(event, ['Sns', 'Message']);
  if (typeof text !== 'string') return undefined;
  return own(event, 'isBase64Encoded') === true ? decode(text) : text;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
