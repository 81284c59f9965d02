import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyRequest,
  FastifySchema,
  preValidationHookHandler,
} from 'fastify';
import type { Logger } from 'pino';
import { InvalidRequestError } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Decider } from '../decider.ts';
import { withinAnswerTime } from '../http/answer-time.ts';
import { requestIds } from '../http/request-id.ts';
import { sendJson } from '../http/send-json.ts';
import type { Limits } from '../options.ts';
import { answerErrors, refuse } from './answers.ts';
import type { PermitCall } from './check.ts';
import type { PermitTypes } from './mapping.ts';

/** What the routes of Permit's API answer from. */
export interface PermitParts {
  active: ActiveRevision;
  decider: Decider;
  limits: Limits;
  logger: Logger;
  types: PermitTypes;
}

/** Does work that is bounded in time. */
export type InTime = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** A route that reads its body, or its query string for a GET, and answers JSON. */
export interface PermitRoute<T> {
  /** @default 'POST' */
  method?: 'GET' | 'POST';
  url: string;
  schema: FastifySchema;
  /** What `schema` says, and the form in which the rest takes it. @throws InvalidRequestError */
  parse(sent: unknown): T;
  /** The answer's body. */
  answer(asked: T, call: PermitCall, inTime: InTime): unknown;
  config?: FastifyContextConfig;
  preValidation?: preValidationHookHandler;
}

/** Registers routes in a scope of their own, in which errors are answered as Permit does. */
export function permitScope(
  app: FastifyInstance,
  { active, logger, limits }: PermitParts,
  define: (scope: FastifyInstance) => void,
): void {
  app.register(async (scope) => {
    answerErrors(scope, { active, logger, bodyBytes: limits.bodyBytes });
    define(scope);
  });
}

/** Registers one route of {@link permitScope}. */
export function permitRoute<T>(scope: FastifyInstance, parts: PermitParts, route: PermitRoute<T>): void {
  const { method = 'POST', url, schema, parse, answer, config, preValidation } = route;
  scope.route({
    method,
    url,
    schema,
    validatorCompiler: () => (sent: unknown) => parsed(parse, sent),
    config: { refuse, ...config },
    ...(preValidation === undefined ? {} : { preValidation }),
    handler: async (request, reply) => {
      const asked = (method === 'GET' ? request.query : request.body) as T;
      const inTime: InTime = (work) => withinAnswerTime(reply, parts.limits.answerMs, work);
      return sendJson(reply, await answer(asked, callOf(request, parts), inTime));
    },
  });
}

/** What a request's questions are put to. @throws PdpUnavailableError when no revision is active yet */
export function callOf({ id, headers }: FastifyRequest, { active, decider, types }: PermitParts): PermitCall {
  return { pdp: active.pdp, decider, types, ids: requestIds(id, headers) };
}

/** As Fastify wants it of a validator. */
function parsed<T>(parse: (sent: unknown) => T, sent: unknown): { value: T } | { error: Error } {
  try {
    return { value: parse(sent) };
  } catch (error) {
    if (error instanceof InvalidRequestError) return { error };
    throw error;
  }
}
