export { type FlushMiddleware, type Observer, observe } from './observe.ts';
export type {
  EmfOptions,
  ObservabilityLogger,
  ObserveOptions,
  PowertoolsMetrics,
} from './options.ts';
export type { DecisionRecord, PdpClientEvent } from './seams.ts';
export { type TracedOptions, traced } from './traced.ts';
