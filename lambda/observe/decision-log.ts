import type { PdpClientEvent } from '../client/events.ts';
import type { EmbeddedPdpEvent } from '../embedded/events.ts';
import type { DecisionRecord } from '../middleware/decision-record.ts';
import { isFailure } from './count.ts';
import type { ObservabilityLogger, ObserveSettings } from './options.ts';

/** Events that an operator wants to find: the others are counted. */
const LOGGED = {
  'breaker-open': 'warn',
  'breaker-close': 'info',
  fallback: 'warn',
  refreshed: 'info',
  'refresh-refused': 'error',
  'refresh-failed': 'warn',
  'refresh-recovered': 'info',
} as const;

/** Writes one line for a decision. What is said of it is in one field, so that it takes no name of the function's. */
export function logDecision(logger: ObservabilityLogger, isLogged: ObserveSettings['isLogged']) {
  return ({ ...authorization }: DecisionRecord): void => {
    if (!isLogged(authorization.decision)) return;
    logger[levelOf(authorization)]('authorization decision', { authorization });
  };
}

/**
 * Writes one line when an address is given up or taken back, when somebody else had to answer, and when new policies
 * came or could not.
 */
export function logEvent(logger: ObservabilityLogger) {
  return ({ ...pdp }: PdpClientEvent | EmbeddedPdpEvent): void => {
    if (!isWorthALine(pdp.type)) return;
    logger[LOGGED[pdp.type]](`pdp ${pdp.type}`, { pdp });
  };
}

function levelOf(record: DecisionRecord): 'info' | 'warn' | 'error' {
  if (isFailure(record)) return 'error';
  return record.decision ? 'info' : 'warn';
}

function isWorthALine(type: string): type is keyof typeof LOGGED {
  return Object.hasOwn(LOGGED, type);
}
