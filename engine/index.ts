/**
 * The engine: the decision contract, and deciding in this process from a checked bundle.
 *
 * @packageDocumentation
 */
export type { Bundle, BundleEntities, Manifest, UrlRule } from './bundle.ts';
export type * from './cedar/api.ts';
export { createEngine } from './cedar/engine.ts';
export type * from './cedar-json.ts';
export type * from './contract.ts';
export type { ExplainedDecision } from './deciding-pdp.ts';
export * from './errors.ts';
export type { CedarRequest, CedarResponse, Evaluator, EvaluatorFactory, LaidOver } from './evaluator.ts';
export { createPdp, type Explaining, type PdpOptions, preparePdp } from './local-pdp.ts';
export { readArchive } from './read-archive.ts';
export {
  parseAccessRequest,
  parseAction,
  parseEntity,
  parseSearchedEntity,
} from './request.ts';
export type { Pause } from './steps.ts';
