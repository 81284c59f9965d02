import { adviceOf } from './advice.ts';
import type { Bundle, BundleEntities } from './bundle.ts';
import type { CedarEngine } from './cedar/api.ts';
import { engineOf } from './cedar/engine.ts';
import type { EntityUid } from './cedar-json.ts';
import type { LocalPdp, LocalRequest } from './contract.ts';
import { DecidingPdp, type ExplainedDecision } from './deciding-pdp.ts';
import { actionType } from './entity-uid.ts';
import type { Evaluator, EvaluatorFactory, LaidOver } from './evaluator.ts';
import { resourceTypesOf } from './resource-types.ts';
import { Schema } from './schema.ts';
import { type Judge, searchOf } from './search.ts';
import { atOnce, type Pause, type Steps, withPauses } from './steps.ts';

export interface PdpOptions {
  /** Another evaluator than the compiled one. */
  evaluator?: EvaluatorFactory;
}

/**
 * A PDP over one revision, in this process.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function createPdp(bundle: Bundle<BundleEntities>, options: PdpOptions = {}): LocalPdp & Explaining {
  return atOnce(pdpOf(bundle, options));
}

/**
 * As {@link createPdp}, with pauses, so that a process that answers meanwhile goes on answering. What is being made
 * is seen by nobody before it is whole.
 *
 * @param pause asked every some tens of microseconds whether to go on; what it throws ends the work
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function preparePdp(
  bundle: Bundle<BundleEntities>,
  { pause, ...options }: PdpOptions & { pause: Pause },
): Promise<LocalPdp & Explaining> {
  return withPauses(pdpOf(bundle, options), pause);
}

function* pdpOf(bundle: Bundle<BundleEntities>, { evaluator }: PdpOptions): Steps<LocalPdp & Explaining> {
  const schema = bundle.schema === undefined ? undefined : new Schema(bundle.schema);
  const engine = yield* engineOf({ ...bundle, schema, checked: true });
  return new BundlePdp(bundle, schema, engine, evaluator?.(bundle, engine) ?? engine);
}

/** Answers with the messages of policies that erred, which may hold values: for local tools only. */
export interface Explaining {
  /** @throws InvalidRequestError */
  explain(request: LocalRequest): ExplainedDecision;
}

class BundlePdp extends DecidingPdp implements LocalPdp, Explaining {
  readonly policies: readonly string[];
  readonly searchSubjects: LocalPdp['searchSubjects'];
  readonly searchResources: LocalPdp['searchResources'];
  readonly searchActions: LocalPdp['searchActions'];
  readonly entities: LocalPdp['entities'];
  readonly resourceTypes: LocalPdp['resourceTypes'];

  constructor(
    bundle: Bundle<BundleEntities>,
    schema: Schema | undefined,
    engine: CedarEngine,
    evaluator: Evaluator,
  ) {
    const { revision, namespace } = bundle;
    super({ revision, namespace, schema, evaluator, advice: adviceOf(bundle.policies) });
    const { staticPolicies, templateLinks } = bundle.policies;
    this.policies = [...Object.keys(staticPolicies), ...templateLinks.map(({ newId }) => newId)];
    this.entities = engine.entities;
    this.resourceTypes = resourceTypesOf(bundle.policies, schema, engine.entities);
    const search = searchOf({
      judge: (request) => this.#judge(request),
      decide: (request) => this.decide(request),
      principals: (type, { action, resource, attributes }) =>
        engine.principalCandidates(type, action, resource, parentsOf(resource, attributes)),
      resources: (type, { action, principal }) => engine.resourceCandidates(type, action, principal),
      actions: actionsOf(bundle, schema, engine),
    });
    this.searchSubjects = search.subjects;
    this.searchResources = search.resources;
    this.searchActions = search.actions;
  }

  /** For a search: its request is mapped once, and then put for each candidate. */
  #judge(request: LocalRequest): Judge | undefined {
    if (this.foreign(request) !== undefined) return undefined;
    const cedar = this.toCedar(request);
    return { request: cedar, evaluator: this.evaluator };
  }
}

/** What a request puts above an entity. */
function parentsOf({ type, id }: EntityUid, laidOver: readonly LaidOver[] = []): EntityUid[] {
  return laidOver.flatMap(({ uid, parents = [] }) => (uid.type === type && uid.id === id ? parents : []));
}

/** What an action search goes through: the schema's actions, else those that policies name or that are stored. */
function actionsOf(
  bundle: Bundle<BundleEntities>,
  schema: Schema | undefined,
  engine: CedarEngine,
): EntityUid[] {
  const type = actionType(bundle.namespace);
  return [...actionNamesOf(bundle, schema, engine)].sort().map((id) => ({ type, id }));
}

function actionNamesOf(
  bundle: Bundle<BundleEntities>,
  schema: Schema | undefined,
  engine: CedarEngine,
): Set<string> {
  const type = actionType(bundle.namespace);
  const names = new Set<string>();
  if (schema !== undefined) {
    for (const { uid, principalTypes } of schema.actions.values()) {
      // A group of actions is not one that can be done.
      if (uid.type === type && principalTypes.size > 0) names.add(uid.id);
    }
    return names;
  }
  const { staticPolicies, templates } = bundle.policies;
  for (const { action } of [...Object.values(staticPolicies), ...Object.values(templates)]) {
    for (const uid of [action.entity, ...((action.entities as unknown[] | undefined) ?? [])]) {
      const { type: named, id } = (uid ?? {}) as { type?: string; id?: string };
      if (named === type && id !== undefined) names.add(id);
    }
  }
  for (const id of engine.idsOfType(type)) names.add(id);
  return names;
}
