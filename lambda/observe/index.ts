export type { PdpClientEvent } from '../client/events.ts';
export type { EmbeddedPdpEvent } from '../embedded/events.ts';
export type { DecisionRecord } from '../middleware/decision-record.ts';
export { type FlushMiddleware, type Observer, observe } from './observe.ts';
export type {
  EmfOptions,
  ObservabilityLogger,
  ObserveOptions,
  PowertoolsMetrics,
} from './options.ts';
export { type TracedOptions, traced } from './traced.ts';
