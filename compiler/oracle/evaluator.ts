import { entityValues } from '../../engine/cedar/entity-data.ts';
import { uidKey } from '../../engine/entity-uid.ts';
import type { CedarRequest, EntityJson, Evaluator, EvaluatorFactory } from '../../engine/index.ts';
import { ConfigurationError, InvalidBundleError, PdpUnavailableError } from '../../engine/index.ts';
import { Schema } from '../../engine/schema.ts';
import { depthOf } from '../json-depth.ts';
import { EntityStore } from './entity-store.ts';
import { loadCedar } from './load.ts';
import { withRawIntegers } from './raw-integers.ts';
import { reachOf, slice } from './slice.ts';

/**
 * Policy sets are parsed once into the WebAssembly instance, which keeps them by name and never lets go. A name
 * is used again once its evaluator is gone, so an instance holds no more sets than were ever alive together.
 */
const freeSlots: string[] = [];
let slots = 0;
const reclaimed = new FinalizationRegistry<string>((slot) => freeSlots.push(slot));

type Call = Parameters<ReturnType<typeof loadCedar>['statefulIsAuthorized']>[0];

function takeSlot(): string {
  slots += 1;
  return freeSlots.pop() ?? `policies-${slots}`;
}

/** Deepest nesting of a policy's JSON that the official reader takes, less what the call puts around it. */
const MAX_POLICY_DEPTH = 118;

/**
 * The official WebAssembly build of Cedar as an evaluator: what the compiled one is compared with. Its input must be
 * checked, since a shape error leaks memory.
 *
 * @throws ConfigurationError for a policy that nests deeper than the official reader goes
 */
export const wasmEvaluator: EvaluatorFactory = (bundle) => {
  const cedar = loadCedar();
  const { staticPolicies, templates } = bundle.policies;
  for (const [id, policy] of [...Object.entries(staticPolicies), ...Object.entries(templates)]) {
    if (depthOf(policy) <= MAX_POLICY_DEPTH) continue;
    throw new ConfigurationError(
      `policy ${id}: nests too deep for the wasm evaluator (a chain of some 55 operators is as deep)`,
    );
  }
  const slot = takeSlot();
  const parsed = cedar.preparsePolicySet(
    slot,
    withRawIntegers(bundle.policies) as Parameters<typeof cedar.preparsePolicySet>[1],
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
  const store = new EntityStore(withSchemaEntities(bundle));
  const evaluator: Evaluator = {
    isAuthorized: (request) => {
      const { principal, action, resource, context = {} } = request;
      const entities = slice(request, overlaid(request, store), store, reach);
      const answer = cedar.statefulIsAuthorized({
        principal,
        action,
        resource,
        preparsedPolicySetId: slot,
        ...(withRawIntegers({ context, entities }) as Pick<Call, 'context' | 'entities'>),
      });
      // Not the request's fault: it was checked. Its text may hold values, so none of it is passed on.
      if (answer.type === 'failure')
        throw new PdpUnavailableError('the evaluator could not read the request');
      const { decision, diagnostics } = answer.response;
      const errors = diagnostics.errors.map(({ policyId, error }) => ({ policyId, message: error.message }));
      return {
        decision,
        reasons: [...diagnostics.reason].sort(),
        errors: errors.sort((a, b) => (a.policyId < b.policyId ? -1 : 1)),
      };
    },
  };
  reclaimed.register(evaluator, slot);
  return evaluator;
};

/** The entities that a request lays something over, whole; the subject may be the resource too. */
function overlaid({ attributes = [] }: CedarRequest, store: EntityStore): EntityJson[] {
  const entities = new Map<string, EntityJson>();
  for (const { uid, attrs, parents = [] } of attributes) {
    const key = uidKey(uid);
    const before = entities.get(key) ?? store.get(uid);
    entities.set(key, {
      uid,
      attrs: Object.assign(Object.create(null), before?.attrs, attrs),
      parents: [...(before?.parents ?? []), ...parents],
      ...(before?.tags === undefined ? {} : { tags: before.tags }),
    });
  }
  return [...entities.values()];
}

/** The groups of actions are what `action in` reads. */
function* withSchemaEntities(bundle: Parameters<EvaluatorFactory>[0]): Generator<EntityJson> {
  yield* entityValues(bundle.entities) as Generator<EntityJson>;
  const schema = bundle.schema === undefined ? undefined : new Schema(bundle.schema);
  for (const entity of schema?.entities() ?? []) yield { ...entity, attrs: {} };
}
