import type { DecisionRecord, PdpClientEvent } from './seams.ts';

/** The metrics of the function's side, with the names that the PDP's own have. */
export type MetricName =
  | 'Decisions'
  | 'Denials'
  | 'DecisionTime'
  | 'Errors'
  | 'Retries'
  | 'CacheHits'
  | 'Fallbacks';

export type MetricUnit = 'Count' | 'Microseconds';

/** Takes one value of a metric. */
export type AddMetric = (name: MetricName, unit: MetricUnit, value: number) => void;

/** The zeros are values, too: the average of `Denials` is how many decisions of a hundred are one. */
export function countDecision(add: AddMetric, { decision, durationMs, error }: DecisionRecord): void {
  if (error === undefined) {
    add('Decisions', 'Count', 1);
    add('Denials', 'Count', decision ? 0 : 1);
    add('DecisionTime', 'Microseconds', Math.round(durationMs * 1000));
  }
  add('Errors', 'Count', error === undefined ? 0 : 1);
}

/** Only what happened is counted: a function without a cache has no metric for it. */
const COUNTED: Partial<Record<PdpClientEvent['type'], MetricName>> = {
  retry: 'Retries',
  hedge: 'Retries',
  'cache-hit': 'CacheHits',
  fallback: 'Fallbacks',
};

export function countEvent(add: AddMetric, { type }: PdpClientEvent): void {
  const name = COUNTED[type];
  if (name !== undefined) add(name, 'Count', 1);
}
