import { adviceOf, lateAdviceOf } from './advice.ts';
import { Authorizer } from './cedar/authorizer.ts';
import { compilePolicies } from './cedar/compile-policies.ts';
import { LateAuthorizer } from './cedar/late-authorizer.ts';
import { loadEntities } from './cedar/load-entities.ts';
import { NodeStore } from './cedar/store.ts';
import { DecidingPdp } from './deciding-pdp.ts';
import type { BuiltBundle } from './read-built.ts';
import { Schema } from './schema.ts';
import { VERSION } from './version.ts';

/**
 * A PDP over a built bundle, for decisions. Where this version of the kit checked the bundle, each of its policies and
 * entities is read when it is first asked for; else all of them are, now.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidRequestError for entities that cannot be stored
 * @throws InvalidBundleError when the bundle is damaged
 */
export function openPdp(built: BuiltBundle): DecidingPdp {
  const late = built.checkedBy === VERSION;
  const schema = built.schema === undefined ? undefined : new Schema(built.schema, late ? 'needed' : 'now');
  return late ? lateOne(built, schema) : wholeOne(built, schema);
}

function lateOne({ revision, policies, entities }: BuiltBundle, schema: Schema | undefined): DecidingPdp {
  const head = policies.head();
  const evaluator = new LateAuthorizer(policies, head, entities, schema);
  return new DecidingPdp({
    revision,
    namespace: head.namespace,
    schema,
    evaluator,
    advice: lateAdviceOf(policies, head),
  });
}

function wholeOne(built: BuiltBundle, schema: Schema | undefined): DecidingPdp {
  const { namespace, policies } = built.policies.all();
  const store = new NodeStore();
  const evaluator = new Authorizer(compilePolicies(policies, store), store, schema);
  loadEntities(built.entities.all(), { store, schema });
  return new DecidingPdp({
    revision: built.revision,
    namespace,
    schema,
    evaluator,
    advice: adviceOf(policies),
  });
}
