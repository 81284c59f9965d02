import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { once } from '../lazy.ts';
import { parseOptions, positiveInteger } from '../options.ts';
import { pdpFromEnvironment } from './from-environment.ts';
import { logUnavailable } from './log.ts';
import type { AuthorizeOptions } from './types.ts';

const OWNER = 'authorize';

export interface AuthorizeSettings<Event> {
  subject: AuthorizeOptions<Event>['subject'];
  action: AuthorizeOptions<Event>['action'];
  resource: AuthorizeOptions<Event>['resource'];
  context: AuthorizeOptions<Event>['context'];
  pdp: () => Promise<PolicyDecisionPoint>;
  timeoutMs: number;
  respond: boolean;
  logger: ((error: Error) => void) | false;
}

const KNOWN: (keyof AuthorizeOptions)[] = [
  'subject',
  'action',
  'resource',
  'context',
  'pdp',
  'timeoutMs',
  'respond',
  'logger',
];

/** @throws ConfigurationError */
export function parseAuthorizeOptions<Event>(options: AuthorizeOptions<Event>): AuthorizeSettings<Event> {
  const raw = parseOptions(OWNER, options, KNOWN);
  for (const name of ['subject', 'action', 'resource']) {
    if (raw[name] === undefined || raw[name] === null) {
      throw new ConfigurationError(`${OWNER}: ${name} is missing: give a value or a function of the event`);
    }
  }
  if (raw.respond !== undefined && typeof raw.respond !== 'boolean') {
    throw new ConfigurationError(`${OWNER}: respond must be true or false`);
  }
  if (raw.logger !== undefined && raw.logger !== false && typeof raw.logger !== 'function') {
    throw new ConfigurationError(`${OWNER}: logger must be a function or false`);
  }
  return {
    subject: options.subject,
    action: options.action,
    resource: options.resource,
    context: options.context,
    pdp: parsePdp(options.pdp),
    timeoutMs: positiveInteger(OWNER, 'timeoutMs', options.timeoutMs, 1000),
    respond: options.respond ?? true,
    logger: options.logger ?? logUnavailable,
  };
}

/** One PDP for each function that gives one, however many middlewares were made with it. */
const shared = new WeakMap<() => unknown, () => Promise<PolicyDecisionPoint>>();

function parsePdp(option: AuthorizeOptions['pdp'] = pdpFromEnvironment): () => Promise<PolicyDecisionPoint> {
  if (typeof option !== 'function') {
    const pdp = requirePdp(option);
    return async () => pdp;
  }
  const known = shared.get(option);
  if (known !== undefined) return known;
  const get = once(async () => requirePdp(await option()));
  shared.set(option, get);
  return get;
}

function requirePdp(value: PolicyDecisionPoint): PolicyDecisionPoint {
  if (typeof value === 'object' && value !== null && typeof value.evaluate === 'function') return value;
  throw new ConfigurationError(`${OWNER}: pdp must be a PolicyDecisionPoint or a function that gives one`);
}
