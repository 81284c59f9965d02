import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { InvalidRequestError, PdpError, PdpTimeoutError } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Refused } from '../http/authentication.ts';
import { RETRY_AFTER } from '../http/errors.ts';
import { sendJson } from '../http/send-json.ts';

/** How Permit's PDP answers: JSON, `{"detail": …}` for what went wrong, plain text to callers without the key. */

/** For the route option `config.refuse`. */
export function refuse(reply: FastifyReply, { missing, message, challenge }: Refused): void {
  reply.type('text/plain; charset=utf-8');
  if (missing) reply.code(401).header('www-authenticate', challenge).send('Missing Authorization header');
  else reply.code(403).send(message);
}

export interface ErrorParts {
  active: ActiveRevision;
  logger: Logger;
  /** Largest body, in bytes. */
  bodyBytes: number;
}

/** Answers what the routes of a scope throw. Of a mistake of ours the log has the rest. */
export function answerErrors(scope: FastifyInstance, { active, logger, bodyBytes }: ErrorParts): void {
  scope.setErrorHandler((error: Error & { code?: string; statusCode?: number }, request, reply) => {
    if (error instanceof InvalidRequestError) return sendDetail(reply, 422, [problemOf(error)]);
    switch (error.code) {
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      case 'FST_ERR_CTP_EMPTY_TYPE':
        return sendDetail(reply, 422, [
          { loc: ['header', 'content-type'], msg: 'must be application/json', type: 'value_error' },
        ]);
      case 'FST_ERR_CTP_BODY_TOO_LARGE':
        return sendDetail(reply, 413, `body: is larger than ${bodyBytes} bytes`);
    }
    // Nobody waits for it, or somebody may do better a little later.
    if (reply.raw.destroyed || error instanceof PdpTimeoutError || active.revision === undefined) {
      return sendDetail(reply.header('retry-after', RETRY_AFTER), 503, error.message);
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500)
      return sendDetail(reply, status, STATUS_CODES[status] ?? 'Bad Request');
    logger.error({ requestId: request.id, err: error }, 'request failed');
    return sendDetail(reply, 502, error instanceof PdpError ? error.message : 'the evaluator failed');
  });
}

export function sendDetail(reply: FastifyReply, status: number, detail: string | Problem[]): FastifyReply {
  return sendJson(reply.code(status), { detail });
}

interface Problem {
  /** Where it is: `["body", "user", "key"]`. */
  loc: (string | number)[];
  msg: string;
  type: string;
}

function problemOf({ path, message }: InvalidRequestError): Problem {
  const msg = message.slice(path === '' ? 0 : `${path}: `.length);
  return { loc: placeOf(path), msg, type: msg === 'is required' ? 'value_error.missing' : 'value_error' };
}

/** Parts of a request that a path may begin with; every other one is in the body. */
const ROOTS: ReadonlySet<string | number> = new Set(['body', 'header', 'query']);

/** Our own names for what Permit has others for. */
const NAMES: Record<string, string> = { subject: 'user', properties: 'attributes' };

function placeOf(path: string): Problem['loc'] {
  const segments = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)];
  const loc = segments.map(([, quoted, index, name = ''], at) => {
    if (quoted !== undefined) return JSON.parse(`"${quoted}"`) as string;
    if (index !== undefined) return Number(index);
    return at < 2 && Object.hasOwn(NAMES, name) ? (NAMES[name] as string) : name;
  });
  return ROOTS.has(loc[0] ?? '') ? loc : ['body', ...loc];
}
