import type { AppSyncAuthorizerEvent, AppSyncAuthorizerResult, Context } from 'aws-lambda';
import type { Action, JsonObject, Resource, Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { decide } from '../middleware/decide.ts';
import { ServiceUnavailableError } from '../middleware/errors.ts';
import { parseQuestionOptions, type QuestionSettings } from '../middleware/options.ts';
import type { FromEvent, MiddyRequest, QuestionOptions } from '../middleware/types.ts';
import { contextOf } from './answer.ts';
import { type FieldQuestion, parseFields, withFields } from './fields.ts';
import type { AuthorizerContext } from './types.ts';

export type { FieldQuestion } from './fields.ts';

const OWNER = 'appSyncAuthorizer';

/** The longest that AppSync keeps an answer, in seconds. */
const LONGEST_SECONDS = 3600;

interface SharedOptions<Event>
  extends Omit<QuestionOptions<Event>, 'subject' | 'action' | 'resource' | 'context'> {
  /** Who asks: `fromVerifiedJwt`, which verifies the token. AppSync has verified nothing. */
  subject: (
    event: Event,
    request: MiddyRequest<Event>,
  ) => Subject | null | undefined | PromiseLike<Subject | null | undefined>;
  /**
   * Fields to ask about in the same call, as `Type.field`: those that are not permitted are AppSync's `deniedFields`,
   * which it answers with `null`. AppSync does not say that the resolver of such a field is not run: ask about mutations
   * in their resolvers.
   *
   * @default - none
   */
  fields?: Readonly<Record<`${string}.${string}`, FieldQuestion>>;
}

/** Options of a question that is made of the event, whose answer is for this event alone. */
export interface AskedAnew<Event> {
  /** What is done. A string is the action's name. */
  action: FromEvent<Action | string, Event>;
  /** What it is done on. */
  resource: FromEvent<Resource, Event>;
  /** The environment of the request. */
  context?: FromEvent<JsonObject | undefined, Event>;
  /** Nothing is kept. */
  ttlSeconds?: 0;
}

/** Options of a question that is the same whatever is sent, so that its answer may be kept for the token. */
export interface Kept {
  /** What is done. A string is the action's name. */
  action: Action | string;
  /** What it is done on. */
  resource: Resource;
  /** The environment of the request. */
  context?: JsonObject;
  /**
   * Seconds for which AppSync keeps an answer, up to 3600. It gives the kept one to every request with the same token,
   * also after the token or a policy has ended.
   *
   * @default 0
   */
  ttlSeconds: number;
}

export type AppSyncAuthorizerOptions<Event = AppSyncAuthorizerEvent> = SharedOptions<Event> &
  (AskedAnew<Event> | Kept);

/** A Lambda handler. */
export type AppSyncAuthorizer<Event = AppSyncAuthorizerEvent> = (
  event: Event,
  context: Context,
) => Promise<AppSyncAuthorizerResult<AuthorizerContext>>;

/**
 * A handler for the Lambda authorizer of an AppSync API: it asks the PDP before any resolver runs.
 *
 * | | The authorizer | The caller gets |
 * |---|---|---|
 * | a permit | `isAuthorized: true`, who it was in `resolverContext` | what the resolvers answer; `null` for `deniedFields` |
 * | a deny, no subject, or an error of an extractor with a `statusCode` of 400 to 499 | `isAuthorized: false` | 401 |
 * | no answer in time, or any other failure | fails, and says why in its log | 500 |
 *
 * Make no question of `requestContext.operationName`: it is a name that the caller chose, and says nothing of the fields
 * in the document. What may be done with a field is for `fields`, or for `authorize` in the resolver.
 *
 * AppSync would keep answers for five minutes, so each one says for how long: not at all, unless `ttlSeconds` is given.
 *
 * @example
 * export const handler = appSyncAuthorizer({
 *   subject: fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com', audience: 'notes' }),
 *   action: 'query',
 *   resource: { type: 'Api', id: 'notes' },
 *   fields: { 'Note.history': 'audit' },
 * });
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization
 */
export function appSyncAuthorizer<Event = AppSyncAuthorizerEvent>(
  options: AppSyncAuthorizerOptions<Event>,
): AppSyncAuthorizer<Event> {
  const settings = parseQuestionOptions(OWNER, options, ['fields', 'ttlSeconds']);
  if (typeof settings.subject !== 'function') {
    throw new ConfigurationError(
      `${OWNER}: subject must be a function that verifies the token: fromVerifiedJwt`,
    );
  }
  const fields = parseFields(OWNER, options.fields);
  const ttlOverride = parseTtl(options.ttlSeconds, settings);
  return async (event, context) => {
    const request: MiddyRequest<Event> = {
      event,
      context,
      response: undefined,
      error: undefined,
      internal: {},
    };
    const denied: string[] = [];
    try {
      const { subject, decision } = await decide(withFields(settings, fields, denied), request);
      return {
        isAuthorized: decision.decision,
        resolverContext: contextOf(decision, subject),
        deniedFields: denied,
        ttlOverride,
      };
    } catch (error) {
      if (error instanceof ServiceUnavailableError) {
        // Lambda logs what a handler throws, but not the cause of it.
        if (settings.logger !== false) settings.logger(error);
        throw error;
      }
      // What is left is the caller's fault, and may be another's with the next token: never kept.
      return { isAuthorized: false, resolverContext: {}, deniedFields: [], ttlOverride: 0 };
    }
  };
}

function parseTtl(value: unknown, { action, resource, context }: QuestionSettings<never>): number {
  if (value === undefined || value === 0) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > LONGEST_SECONDS) {
    throw new ConfigurationError(`${OWNER}: ttlSeconds must be a whole number from 0 to ${LONGEST_SECONDS}`);
  }
  if ([action, resource, context].some((option) => typeof option === 'function')) {
    throw new ConfigurationError(
      `${OWNER}: with ttlSeconds an answer is given to every request with the same token: ` +
        'action, resource and context must be values, and not functions of the event',
    );
  }
  return value;
}
