import type { Context } from 'aws-lambda';
import type {
  Action,
  Decision,
  JsonObject,
  PolicyDecisionPoint,
  Resource,
  Subject,
} from '../../engine/contract.ts';

/** What was asked and answered, for the handler. */
export interface Authorization {
  subject: Subject;
  action: Action;
  resource: Resource;
  context?: JsonObject;
  /** Always a permit: a handler does not run on anything else. Its `context` says why. */
  decision: Decision & { decision: true };
}

/** What {@link authorize} adds to the Lambda context. */
export interface AuthorizationContext {
  authorization: Authorization;
}

/**
 * The part of middy's request that is used: structural, so that no code of middy's is needed at run time.
 * @see https://middy.js.org/docs/intro/how-it-works
 */
export interface MiddyRequest<Event = unknown, LambdaContext = Context> {
  event: Event;
  context: LambdaContext;
  response: unknown;
  error: Error | null | undefined;
  internal: Record<string, unknown>;
}

/** A value, or a function of the event that gives one, now or later. */
export type FromEvent<T, Event, Request = MiddyRequest<Event>> =
  | T
  | ((event: Event, request: Request) => T | PromiseLike<T>);

/**
 * What is asked, of whom, and how long an answer may take. `Request` is what functions of the event get besides it: the
 * request as middy or another framework has it.
 */
export interface QuestionOptions<Event = unknown, Request = MiddyRequest<Event>> {
  /** Who asks, from verified claims. No subject, or one with an empty id, is answered with 401. */
  subject: FromEvent<Subject | null | undefined, Event, Request>;
  /** What is done. A string is the action's name. */
  action: FromEvent<Action | string, Event, Request>;
  /** What it is done on. */
  resource: FromEvent<Resource, Event, Request>;
  /**
   * The environment of the request: time, network, device.
   *
   * @default - none
   */
  context?: FromEvent<JsonObject | undefined, Event, Request>;
  /**
   * Who decides, or a function that gives it: called at the first request, its answer kept for the life of the
   * function's environment (a failure is not kept).
   *
   * @default pdpFromEnvironment
   */
  pdp?: PolicyDecisionPoint | (() => PolicyDecisionPoint | PromiseLike<PolicyDecisionPoint>);
  /**
   * Milliseconds for the whole of it: extractors, making the PDP and its answer. Never more than what Lambda
   * has left, less 100 ms for answering.
   *
   * @default 1000
   */
  timeoutMs?: number;
  /**
   * Told why there was no answer, with the reason in `cause`; false for nobody. A middleware that leaves its errors to
   * others (`respond: false`) tells nobody.
   *
   * @default - one line on standard error, or all of the error when it is a mistake in the function's own code
   */
  logger?: ((error: Error) => void) | false;
}

export interface AuthorizeOptions<Event = unknown, Request = MiddyRequest<Event>>
  extends QuestionOptions<Event, Request> {
  /**
   * Whether the middleware gives the response (`application/problem+json`, RFC 9457) when it stopped a request
   * and no other middleware has: without one API Gateway would answer 500. Set it to false for a function whose
   * event is not an HTTP request.
   *
   * @default true
   */
  respond?: boolean;
}

/** A middleware for middy 7. */
export interface AuthorizeMiddleware<Event = unknown> {
  before: (request: MiddyRequest<Event, Context & AuthorizationContext>) => Promise<undefined>;
  onError: (request: MiddyRequest<Event, Context & AuthorizationContext>) => void;
}
