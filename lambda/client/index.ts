export type {
  AccessRequest,
  Action,
  Decision,
  DecisionContext,
  EvaluateAllOptions,
  EvaluateOptions,
  EvaluationsSemantic,
  JsonObject,
  JsonValue,
  PolicyDecisionPoint,
  Resource,
  Subject,
} from '../../engine/contract.ts';
export * from '../../engine/errors.ts';
export { createPdpClient, type PdpClient } from './client.ts';
export type { PdpClientEvent } from './events.ts';
export type { DecisionCacheOptions, PdpClientOptions } from './options.ts';
