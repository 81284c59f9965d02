import type { PdpClientEvent } from '../client/events.ts';
import type { EmbeddedPdpEvent } from '../embedded/events.ts';
import type { DecisionRecord } from '../middleware/decision-record.ts';

/** The metrics of the function's side, with the names that the PDP's own have. */
export type MetricName =
  | 'Decisions'
  | 'Denials'
  | 'DecisionTime'
  | 'Errors'
  | 'Retries'
  | 'CacheHits'
  | 'Fallbacks'
  | 'FailedReloads';

export type MetricUnit = 'Count' | 'Microseconds';

/** Takes one value of a metric. */
export type AddMetric = (name: MetricName, unit: MetricUnit, value: number) => void;

/** The zeros are values, too: the average of `Denials` is the share of decisions that are one. */
export function countDecision(add: AddMetric, record: DecisionRecord): void {
  if (record.error === undefined) {
    add('Decisions', 'Count', 1);
    add('Denials', 'Count', record.decision ? 0 : 1);
    add('DecisionTime', 'Microseconds', Math.round(record.durationMs * 1000));
  }
  add('Errors', 'Count', isFailure(record) ? 1 : 0);
}

/** Whether there was no decision, and not by a fault of the request: strangers must set off no alarm. */
export function isFailure({ error, statusCode = 503 }: DecisionRecord): boolean {
  return error !== undefined && statusCode >= 500;
}

/** Only what happened is counted: a function without a cache has no metric for it. */
const COUNTED: Partial<Record<(PdpClientEvent | EmbeddedPdpEvent)['type'], MetricName>> = {
  retry: 'Retries',
  hedge: 'Retries',
  'cache-hit': 'CacheHits',
  fallback: 'Fallbacks',
  'refresh-refused': 'FailedReloads',
  'refresh-failed': 'FailedReloads',
};

export function countEvent(add: AddMetric, { type }: PdpClientEvent | EmbeddedPdpEvent): void {
  const name = COUNTED[type];
  if (name !== undefined) add(name, 'Count', 1);
}
