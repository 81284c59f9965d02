import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  ServerResponse,
} from 'node:http';
import type { HealthState } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import type { Limits } from '../options.ts';
import type { RequestIds } from '../request-ids.ts';
import type { Authenticate } from './authentication.ts';
import { type ErrorBody, RETRY_AFTER, type TellError } from './errors.ts';
import type { InFlight } from './in-flight.ts';
import { parseJsonBody } from './json-body.ts';
import { Outbox } from './outbox.ts';
import { isAscii, newRequestId, requestIds, sentRequestId } from './request-id.ts';

/** As Fastify writes it. */
const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers the body of a POST, in JSON. */
export type Answer = (body: unknown, ids: RequestIds) => string;

/** Answers by path. */
export type DirectAnswers = Readonly<Record<string, Answer>>;

/** What direct answers have in common with routed ones. */
export interface DirectParts {
  authenticate: Authenticate;
  health: HealthState;
  inFlight: InFlight;
  limits: Limits;
  metrics: Metrics;
  tellError: TellError;
  errorBody: ErrorBody;
}

/**
 * Answers what the server is mostly asked without the cost of routes and hooks, which is some third of such a request.
 * Only a request about which there is nothing to decide before its body is taken: any other goes to `routed`, which
 * gives the same answers to these too.
 */
export function directly(
  answers: DirectAnswers,
  routed: RequestListener,
  parts: DirectParts,
): RequestListener {
  const byPath = new Map(Object.entries(answers));
  const outbox = new Outbox();
  return (request, response) => {
    const path = request.url as string;
    const answer = request.method === 'POST' ? byPath.get(path) : undefined;
    if (answer !== undefined && isPlain(request.headers, parts) && parts.inFlight.admit(response)) {
      response.on('finish', () => parts.metrics.answered(path, response.statusCode));
      readBody(request, (body) => respond(request, response, body, answer, parts, outbox));
    } else {
      routed(request, response);
    }
  };
}

function isPlain(headers: IncomingHttpHeaders, { authenticate, health, limits }: DirectParts): boolean {
  const length = Number(headers['content-length']);
  return (
    headers['content-type'] === 'application/json' &&
    length > 0 &&
    length <= limits.bodyBytes &&
    isAscii(sentRequestId(headers) ?? '') &&
    !health.draining &&
    authenticate(headers).ok
  );
}

function readBody(request: IncomingMessage, take: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Does not come when the caller goes away; there is nobody to answer then.
  request.on('end', () => take(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
}

function respond(
  { headers: asked }: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  answer: Answer,
  { limits, tellError, errorBody }: DirectParts,
  outbox: Outbox,
): void {
  const sentId = sentRequestId(asked);
  const requestId = sentId ?? newRequestId();
  const headers: OutgoingHttpHeaders = {};
  if (sentId !== undefined) headers['x-request-id'] = sentId;
  let status = 200;
  let text: string;
  let json: unknown;
  try {
    json = parseJsonBody(body, limits.jsonDepth);
    text = answer(json, requestIds(requestId, asked));
  } catch (error) {
    const told = tellError(error, requestId);
    status = told.status;
    text = errorBody(status, told.message);
    // Whoever sends a body that is none may have more to send.
    if (json === undefined) headers.connection = 'close';
    if (status === 503) headers['retry-after'] = RETRY_AFTER;
  }
  headers['content-type'] = JSON_TYPE;
  headers['content-length'] = Buffer.byteLength(text);
  outbox.send(response, status, headers, text);
}
