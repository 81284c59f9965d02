import { InvalidBundleError, PdpUnavailableError } from '../errors.ts';
import type { EvaluatorFactory } from '../evaluator.ts';
import { loadCedar } from './load.ts';
import { reachOf, slice } from './slice.ts';

/**
 * Policy sets are parsed once into the WebAssembly instance, which keeps them by name and never lets go. A name
 * is used again once its evaluator is gone, so an instance holds no more sets than were ever alive together.
 */
const freeSlots: string[] = [];
let slots = 0;
const reclaimed = new FinalizationRegistry<string>((slot) => freeSlots.push(slot));

function takeSlot(): string {
  slots += 1;
  return freeSlots.pop() ?? `policies-${slots}`;
}

/** An evaluator on the official WebAssembly build of Cedar. Its input must be checked: a shape error leaks memory. */
export function wasmEvaluator(wasm?: Uint8Array): EvaluatorFactory {
  return (bundle, store) => {
    const cedar = loadCedar(wasm);
    const slot = takeSlot();
    const parsed = cedar.preparsePolicySet(
      slot,
      bundle.policies as Parameters<typeof cedar.preparsePolicySet>[1],
    );
    if (parsed.type === 'failure') {
      freeSlots.push(slot);
      throw new InvalidBundleError(
        parsed.errors.map(({ message }) => ({
          severity: 'error',
          file: 'policies.json',
          line: 1,
          column: 1,
          message,
        })),
      );
    }
    const reach = reachOf(bundle.policies);
    const evaluator = {
      isAuthorized: (request: Parameters<ReturnType<EvaluatorFactory>['isAuthorized']>[0]) => {
        const answer = cedar.statefulIsAuthorized({
          principal: request.principal,
          action: request.action,
          resource: request.resource,
          context: request.context,
          preparsedPolicySetId: slot,
          entities: slice(request, store, reach),
        });
        // Not the request's fault: it was checked. Its text may hold values, so none of it is passed on.
        if (answer.type === 'failure')
          throw new PdpUnavailableError('the evaluator could not read the request');
        const { decision, diagnostics } = answer.response;
        return {
          decision,
          reasons: [...diagnostics.reason].sort(),
          errors: diagnostics.errors.map(({ policyId, error }) => ({ policyId, message: error.message })),
        };
      },
    };
    reclaimed.register(evaluator, slot);
    return evaluator;
  };
}
