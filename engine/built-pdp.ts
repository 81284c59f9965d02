import { lateAdviceOf } from './advice.ts';
import { LateAuthorizer } from './cedar/late-authorizer.ts';
import { DecidingPdp } from './deciding-pdp.ts';
import type { BuiltBundle } from './read-built.ts';
import { Schema } from './schema.ts';
import { VERSION } from './version.ts';

/**
 * A PDP over a built bundle, for decisions. Each of its policies and entities is read when it is first asked for;
 * but all are read now where another version of the kit checked the bundle, which this one may not take.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidBundleError when the bundle is damaged
 * @throws PdpUnavailableError when an entity is not good
 */
export function openPdp({ revision, policies, entities, checkedBy, schema: json }: BuiltBundle): DecidingPdp {
  const when = checkedBy === VERSION ? 'needed' : 'now';
  const schema = json === undefined ? undefined : new Schema(json, when);
  const head = policies.head();
  const evaluator = new LateAuthorizer({ policies, head, entities, schema, when });
  return new DecidingPdp({
    revision,
    namespace: head.namespace,
    schema,
    evaluator,
    advice: lateAdviceOf(policies, head),
  });
}
