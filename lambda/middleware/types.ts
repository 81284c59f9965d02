import type { Context } from 'aws-lambda';
import type {
  Action,
  Decision,
  JsonObject,
  PolicyDecisionPoint,
  Resource,
  Subject,
} from '../../engine/contract.ts';
import type { DecisionListener } from './decision-record.ts';
import type { AuthorizationError } from './errors.ts';
import type { Exactly } from './event-kinds.ts';
import type { ProblemResponse } from './problem.ts';

/** What was asked and answered, for the handler, and more to ask for the same subject. */
export interface Authorization<Loaded = unknown> extends MoreQuestions {
  subject: Subject;
  action: Action;
  resource: Resource;
  context?: JsonObject;
  /** Always a permit: a handler does not run on anything else. Its `context` says why. */
  decision: Decision & { decision: true };
  /** What was loaded to name the resource, by an extractor such as {@link fromLoader}; otherwise absent. */
  loaded: Loaded;
  /** The `@advice` of the policies that permitted, in their order; empty when there is none. */
  readonly advice: readonly string[];
}

/**
 * Questions that come up while a handler runs. The subject is that of the first one, and so are context and action
 * unless others are given. The time for each is bound as for the first.
 */
export interface MoreQuestions {
  /**
   * Whether the subject may do something else, or the same on something else.
   *
   * @throws ServiceUnavailableError when there is no answer
   */
  check(question: MoreQuestion): Promise<boolean>;
  /**
   * Those of the items that the subject may see, in their order, by one batch. `toResource` says what an item is to the
   * policies. One that they cannot judge is left out.
   *
   * @throws ServiceUnavailableError when there is no answer: a list is never short because the PDP was away
   */
  filter<Item>(
    items: Iterable<Item>,
    toResource: (item: Item) => Resource,
    options?: Pick<MoreQuestion, 'action' | 'context'>,
  ): Promise<Item[]>;
  /**
   * Those of the actions that the subject may do on a resource, in their order, by one batch: what a screen offers.
   *
   * @throws ServiceUnavailableError when there is no answer
   */
  permittedActions<Name extends string>(
    resource: Resource,
    actions: readonly Name[],
    options?: Pick<MoreQuestion, 'context'>,
  ): Promise<Name[]>;
}

/** Another question for the same subject. What is left out is as in the first one. */
export interface MoreQuestion {
  action?: Action | string;
  resource?: Resource;
  context?: JsonObject;
}

/** A resource, and what was loaded to name it. */
export interface LoadedResource<Loaded> {
  resource: Resource;
  loaded: Loaded;
}

/** What {@link authorize} adds to the Lambda context. */
export interface AuthorizationContext<Loaded = unknown> {
  authorization: Authorization<Loaded>;
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
export interface QuestionOptions<Event = unknown, Request = MiddyRequest<Event>, Loaded = unknown> {
  /** Who asks, from verified claims. No subject, or one with an empty id, is answered with 401. */
  subject: FromEvent<Subject | null | undefined, Event, Request>;
  /** What is done. A string is the action's name. */
  action: FromEvent<Action | string, Event, Request>;
  /** What it is done on; an extractor that loads it gives what it has loaded, too, for the handler. */
  resource: FromEvent<Resource | LoadedResource<Loaded>, Event, Request>;
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
  /**
   * Told of each question and how it ended, for metrics. It must not wait for anything.
   *
   * @default - nobody is told
   */
  onDecision?: DecisionListener;
}

export interface AuthorizeOptions<Event = unknown, Request = MiddyRequest<Event>, Loaded = unknown>
  extends QuestionOptions<Event, Request, Loaded> {
  /**
   * Whether the middleware gives the response (`application/problem+json`, RFC 9457) when it stopped a request
   * and no other middleware has: without one API Gateway would answer 500. Set it to false for a function that tasks
   * of Step Functions or other functions invoke, so that they see an error.
   *
   * @default - true, but false for events whose service takes no response: records, EventBridge, AppSync
   */
  respond?: boolean;
  /**
   * Shapes the response to a request that was stopped. Given `undefined`, or an error, the response is the problem
   * details. The denial has reasons of the PDP that are not the caller's to know: pass on what you mean to.
   *
   * @default - problem details, that say no more than the status
   */
  onDeny?: (denial: Denial, request: Request) => unknown;
}

/** A request that was stopped, for who shapes the response. */
export interface Denial {
  /** 400 for a request that does not say what is asked for, 401, 403, 503. */
  statusCode: AuthorizationError['statusCode'];
  /** What is answered otherwise. */
  problem: ProblemResponse;
  /** The `@advice` of the policies that denied, such as that a second factor is needed; empty when there is none. */
  advice: readonly string[];
  /** The PDP's answer, when there was one. */
  decision?: Decision;
}

/** A middleware for middy 7. */
export interface AuthorizeMiddleware<Event = unknown, Loaded = unknown> {
  before: (
    request: MiddyRequest<Exactly<Event>, Context & AuthorizationContext<Loaded>>,
  ) => Promise<undefined>;
  onError: (request: MiddyRequest<Exactly<Event>, Context & AuthorizationContext<Loaded>>) => Promise<void>;
}
