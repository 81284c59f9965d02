import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { once } from '../lazy.ts';
import { parseOptions, positiveInteger } from '../options.ts';
import type { DecisionListener } from './decision-record.ts';
import { pdpFromEnvironment } from './from-environment.ts';
import { logUnavailable } from './log.ts';
import type { AuthorizeOptions, MiddyRequest, QuestionOptions } from './types.ts';

/** What is needed to ask. */
export interface QuestionSettings<Event> {
  /** Who is named in errors: the function that the options were given to. */
  owner: string;
  subject: QuestionOptions<Event>['subject'];
  action: QuestionOptions<Event>['action'];
  resource: QuestionOptions<Event>['resource'];
  context: QuestionOptions<Event>['context'];
  pdp: () => Promise<PolicyDecisionPoint>;
  timeoutMs: number;
  logger: ((error: Error) => void) | false;
  onDecision: DecisionListener | undefined;
}

export interface AuthorizeSettings<Event> extends QuestionSettings<Event> {
  respond: boolean;
  onDeny: AuthorizeOptions<Event>['onDeny'];
}

const QUESTION = ['subject', 'action', 'resource', 'context', 'pdp', 'timeoutMs', 'logger', 'onDecision'];

/** @throws ConfigurationError */
export function parseAuthorizeOptions<Event, Loaded>(
  options: AuthorizeOptions<Event, MiddyRequest<Event>, Loaded>,
  owner = 'authorize',
): AuthorizeSettings<Event> {
  const question = parseQuestionOptions(owner, options, ['respond', 'onDeny']);
  if (options.respond !== undefined && typeof options.respond !== 'boolean') {
    throw new ConfigurationError(`${owner}: respond must be true or false`);
  }
  optionalFunction(owner, 'onDeny', options.onDeny);
  return { ...question, respond: options.respond ?? true, onDeny: options.onDeny };
}

/**
 * @param more names of options that the owner has besides these
 * @throws ConfigurationError
 */
export function parseQuestionOptions<Event, Loaded>(
  owner: string,
  options: QuestionOptions<Event, MiddyRequest<Event>, Loaded>,
  more: readonly string[],
): QuestionSettings<Event> {
  const raw = parseOptions(owner, options, [...QUESTION, ...more]);
  for (const name of ['subject', 'action', 'resource']) {
    if (raw[name] === undefined || raw[name] === null) {
      throw new ConfigurationError(`${owner}: ${name} is missing: give a value or a function of the event`);
    }
  }
  if (raw.logger !== undefined && raw.logger !== false && typeof raw.logger !== 'function') {
    throw new ConfigurationError(`${owner}: logger must be a function or false`);
  }
  optionalFunction(owner, 'onDecision', options.onDecision);
  return {
    owner,
    subject: options.subject,
    action: options.action,
    resource: options.resource,
    context: options.context,
    pdp: parsePdp(owner, options.pdp),
    timeoutMs: positiveInteger(owner, 'timeoutMs', options.timeoutMs, 1000),
    logger: options.logger ?? logUnavailable,
    onDecision: options.onDecision,
  };
}

function optionalFunction(owner: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw new ConfigurationError(`${owner}: ${name} must be a function`);
}

/** One PDP for each function that gives one, however many middlewares were made with it. */
const shared = new WeakMap<() => unknown, () => Promise<PolicyDecisionPoint>>();

function parsePdp(
  owner: string,
  option: QuestionOptions['pdp'] = pdpFromEnvironment,
): () => Promise<PolicyDecisionPoint> {
  if (typeof option !== 'function') {
    const pdp = requirePdp(owner, option);
    return async () => pdp;
  }
  const known = shared.get(option);
  if (known !== undefined) return known;
  const get = once(async () => requirePdp(owner, await option()));
  shared.set(option, get);
  return get;
}

function requirePdp(owner: string, value: PolicyDecisionPoint): PolicyDecisionPoint {
  if (typeof value === 'object' && value !== null && typeof value.evaluate === 'function') return value;
  throw new ConfigurationError(`${owner}: pdp must be a PolicyDecisionPoint or a function that gives one`);
}
