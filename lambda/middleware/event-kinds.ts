import { own } from './own.ts';

/**
 * The parts of AWS's events that say of which kind one is. Extractors ask for the kind that they can read, so that one
 * on an event of another kind does not compile. They are structural: the types of `@types/aws-lambda` and
 * `@aws-lambda-powertools/parser` are theirs, too.
 */

/** A request through API Gateway (REST, HTTP and WebSocket APIs), a function URL or a load balancer. */
export interface HttpEvent {
  requestContext: object;
}

/** A request in payload format 2.0: of an HTTP API or a function URL. */
export interface HttpApiEvent extends HttpEvent {
  requestContext: { http: object };
}

/** A request of a REST API, or in payload format 1.0 of an HTTP API. */
export interface RestApiEvent extends HttpEvent {
  requestContext: { identity: object };
  httpMethod: string;
}

/** A request whose route has parameters. */
export interface RoutedEvent extends HttpEvent {
  pathParameters?: Readonly<Record<string, string | undefined>> | null | undefined;
}

/** A field that AppSync resolves with a function. */
export interface AppSyncEvent {
  info: { fieldName: string };
  arguments: unknown;
}

/** A message of SQS, SNS, Kinesis or EventBridge. */
export type MessageRecord = SqsRecord | SnsRecord | KinesisRecord | EventBridgeEvent;

export interface SqsRecord {
  messageId: string;
  body: string;
}

export interface SnsRecord {
  Sns: { MessageId: string; Message: string };
}

export interface KinesisRecord {
  kinesis: { sequenceNumber: string; data: string };
}

export interface EventBridgeEvent {
  id: string;
  'detail-type': string;
  detail: unknown;
}

/**
 * What a middleware takes that was made for an event: the event, and the knowledge that it is of no other kind. An
 * event that would have to be of two kinds is `never`, so that its handler does not compile.
 */
export type Exactly<Event> = unknown extends Event
  ? Event
  : Event extends HttpApiEvent
    ? Event & { Records?: undefined; httpMethod?: undefined }
    : Event extends HttpEvent | AppSyncEvent
      ? Event & { Records?: undefined }
      : Event;

/**
 * Whether an event is known to come from a service that takes no HTTP response from a function: a batch of records,
 * EventBridge, AppSync. Whatever else was sent to the function may well be an HTTP request of some kind.
 */
export function takesNoResponse(event: unknown): boolean {
  if (own(event, 'requestContext') !== undefined) return false;
  return (
    // AppSync has asked for a field of many objects at once.
    Array.isArray(event) ||
    Array.isArray(own(event, 'Records')) ||
    typeof own(event, 'detail-type') === 'string' ||
    typeof own(own(event, 'info'), 'fieldName') === 'string'
  );
}
