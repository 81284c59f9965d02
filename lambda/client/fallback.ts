import type { Decision, EvaluateOptions, PolicyDecisionPoint } from '../../engine/contract.ts';
import { PdpAuthenticationError, PdpUnavailableError } from '../../engine/errors.ts';
import { isTimeUp } from '../deadline.ts';
import type { Emit } from './events.ts';

/** What is left to the fall-back of the caller's time, in milliseconds, at most half of it. */
const RESERVE_MS = 50;

/**
 * A PDP, and another one that answers when it is away. Not when the key was refused: someone has to put that right,
 * and would not know. When the other one cannot answer either, the error is the first one's.
 */
export function withFallback(
  pdp: PolicyDecisionPoint,
  fallback: PolicyDecisionPoint,
  emit: Emit | undefined,
): PolicyDecisionPoint {
  async function answer<T, Options extends EvaluateOptions>(
    options: Options | undefined,
    first: (options: Options | undefined) => Promise<T>,
    second: (options: Options | undefined) => Promise<T>,
    mark: (answer: T, code: string) => T,
  ): Promise<T> {
    try {
      return await first(reserve(options));
    } catch (error) {
      if (!(error instanceof PdpUnavailableError) || error instanceof PdpAuthenticationError) throw error;
      const { signal } = options ?? {};
      // A caller that gave up wants no answer.
      if (signal?.aborted && !isTimeUp(signal)) throw error;
      emit?.({ type: 'fallback', error: error.name });
      try {
        return mark(await second(options), error.code);
      } catch {
        throw error;
      }
    }
  }
  const mark = ({ decision, context }: Decision, code: string): Decision => ({
    decision: decision === true,
    context: { ...context, fallback: code },
  });
  return {
    evaluate: (request, options) =>
      answer(
        options,
        (own) => pdp.evaluate(request, own),
        (own) => fallback.evaluate(request, own),
        mark,
      ),
    evaluateAll: (requests, options) =>
      answer(
        options,
        (own) => pdp.evaluateAll(requests, own),
        (own) => fallback.evaluateAll(requests, own),
        (decisions, code) => decisions.map((decision) => mark(decision, code)),
      ),
  };
}

function reserve<Options extends EvaluateOptions>(options: Options | undefined): Options | undefined {
  if (options?.timeoutMs === undefined) return options;
  return { ...options, timeoutMs: Math.max(options.timeoutMs - RESERVE_MS, options.timeoutMs / 2) };
}
