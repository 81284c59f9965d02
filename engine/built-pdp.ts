import { lateAdviceOf } from './advice.ts';
import { LateAuthorizer } from './cedar/late-authorizer.ts';
import { DecidingPdp } from './deciding-pdp.ts';
import type { BuiltBundle } from './read-built.ts';
import { Schema } from './schema.ts';
import { VERSION } from './version.ts';

/** Entities read before other work gets its turn: some milliseconds. */
const ENTITIES_A_TURN = 250;

/**
 * A PDP over a built bundle, for decisions. Each of its policies and entities is read when it is first asked for;
 * but all are read now where another version of the kit checked the bundle, which this one may not take.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidBundleError when the bundle is damaged
 * @throws PdpUnavailableError when an entity is not good
 */
export function openPdp(built: BuiltBundle): DecidingPdp {
  const { pdp, entities } = open(built);
  for (const _ of entities);
  return pdp;
}

/**
 * The same, while other work gets its turn: what must be read of a large bundle takes a while.
 *
 * @param turn waits for it
 * @throws as {@link openPdp} does, and whatever `turn` throws
 */
export async function openPdpInTurns(built: BuiltBundle, turn: () => Promise<void>): Promise<DecidingPdp> {
  const { pdp, entities } = open(built);
  let read = 0;
  for (const _ of entities) {
    read += 1;
    if (read % ENTITIES_A_TURN === 0) await turn();
  }
  return pdp;
}

/** The PDP, and what reads those of its entities that must be read before it is asked. */
function open({ revision, policies, entities, checkedBy, schema: json }: BuiltBundle) {
  const when = checkedBy === VERSION ? 'needed' : 'now';
  const schema = json === undefined ? undefined : new Schema(json, when);
  const head = policies.head();
  const evaluator = new LateAuthorizer({ policies, head, entities, schema, when });
  const pdp = new DecidingPdp({
    revision,
    namespace: head.namespace,
    schema,
    evaluator,
    advice: lateAdviceOf(policies, head),
  });
  return { pdp, entities: when === 'now' ? evaluator.readEntities() : [] };
}
