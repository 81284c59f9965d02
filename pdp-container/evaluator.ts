import type { Logger } from 'pino';
import { shadowEvaluator, wasmEvaluator } from '../compiler/index.ts';
import type { EvaluatorFactory } from '../engine/index.ts';
import type { Metrics } from './metrics.ts';
import type { ServeOptions } from './options.ts';

/** What decides: undefined for the compiled engine by itself. */
export function chosenEvaluator(
  { evaluator = 'compiled', shadow = false }: ServeOptions,
  metrics: Metrics,
  logger: Logger,
): EvaluatorFactory | undefined {
  if (evaluator === 'wasm') return wasmEvaluator;
  if (!shadow) return undefined;
  return shadowEvaluator((difference) => {
    metrics.shadowDifferences.inc();
    logger.error(difference, 'evaluators differ');
  });
}
