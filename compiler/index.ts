/**
 * The compiler: policy text, schema and data to a checked bundle. The only part that parses Cedar.
 *
 * @packageDocumentation
 */
export { type BuildOptions, buildArchive, buildFiles } from './build.ts';
export {
  type CompileResult,
  compileArchive,
  compileDirectory,
  compileFiles,
  readArchiveFiles,
  revisionOf,
} from './compile.ts';
export {
  type DecisionTest,
  type DecisionTestResult,
  parseDecisionTests,
  runDecisionTests,
} from './decision-tests.ts';
export { type Files, readDirectory } from './files.ts';
export { compileInWorker } from './in-worker.ts';
export type { CompileJob, LayerContent, LayerInput, LayersResult } from './layers.ts';
export { wasmEvaluator } from './oracle/evaluator.ts';
export { type Difference, shadowEvaluator } from './oracle/shadow.ts';
export { parsePolicySet, parseSchema } from './policy-set.ts';
export { type PolicyText, policyTexts } from './policy-texts.ts';
export { type Signer, signerOf, signManifest } from './sign.ts';
