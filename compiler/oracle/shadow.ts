import type { CedarResponse, EvaluatorFactory } from '../../engine/index.ts';
import { wasmEvaluator } from './evaluator.ts';

/** How two answers to one request differ: names of policies only. */
export interface Difference {
  compiled: Answer;
  wasm: Answer;
}

export interface Answer {
  decision: CedarResponse['decision'];
  reasons: string[];
  errors: string[];
}

/**
 * Evaluates on both, answers with the compiled evaluator's, and tells of any difference. The other one can
 * neither change an answer nor keep one from being given.
 */
export function shadowEvaluator(onDifference: (difference: Difference) => void): EvaluatorFactory {
  return (bundle, compiled) => {
    const wasm = wasmEvaluator(bundle, compiled);
    return {
      isAuthorized: (request) => {
        const response = compiled.isAuthorized(request);
        const ours = answerOf(response);
        const theirs = attempt(() => answerOf(wasm.isAuthorized(request)));
        if (JSON.stringify(theirs) !== JSON.stringify(ours)) {
          onDifference({
            compiled: ours,
            wasm: theirs ?? { decision: 'deny', reasons: [], errors: ['(no answer)'] },
          });
        }
        return response;
      },
    };
  };
}

function answerOf({ decision, reasons, errors }: CedarResponse): Answer {
  return { decision, reasons, errors: errors.map(({ policyId }) => policyId) };
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
