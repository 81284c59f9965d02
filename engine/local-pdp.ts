import type { Bundle, BundleEntities } from './bundle.ts';
import type { CedarEngine } from './cedar/api.ts';
import { createEngine } from './cedar/engine.ts';
import type { EntityUid, PolicyJson } from './cedar-json.ts';
import { toCedarRequest } from './cedar-mapping.ts';
import type {
  AccessRequest,
  Decision,
  DecisionContext,
  EvaluateAllOptions,
  EvaluateOptions,
  LocalPdp,
  LocalRequest,
} from './contract.ts';
import { actionType, isEntityTypeName } from './entity-uid.ts';
import { InvalidRequestError } from './errors.ts';
import type { CedarRequest, CedarResponse, Evaluator, EvaluatorFactory, LaidOver } from './evaluator.ts';
import { parseAccessRequest } from './request.ts';
import { resourceTypesOf } from './resource-types.ts';
import { Schema } from './schema.ts';
import { type Judge, searchOf } from './search.ts';
import { EVALUATIONS_A_TURN, throwIfAborted, turn } from './turns.ts';

export interface PdpOptions {
  /** Another evaluator than the compiled one. */
  evaluator?: EvaluatorFactory;
}

/** A decision of this process, with what the evaluator said of it. */
export interface ExplainedDecision {
  decision: Decision;
  errors: CedarResponse['errors'];
}

/**
 * A PDP over one revision, in this process.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function createPdp(bundle: Bundle<BundleEntities>, options: PdpOptions = {}): LocalPdp & Explaining {
  const schema = bundle.schema === undefined ? undefined : new Schema(bundle.schema);
  const engine = createEngine({ ...bundle, checked: true });
  return new BundlePdp(bundle, schema, engine, options.evaluator?.(bundle, engine) ?? engine);
}

/** Answers with the messages of policies that erred, which may hold values: for local tools only. */
export interface Explaining {
  /** @throws InvalidRequestError */
  explain(request: LocalRequest): ExplainedDecision;
}

class BundlePdp implements LocalPdp, Explaining {
  readonly revision: string;
  readonly policies: readonly string[];
  readonly searchSubjects: LocalPdp['searchSubjects'];
  readonly searchResources: LocalPdp['searchResources'];
  readonly searchActions: LocalPdp['searchActions'];
  readonly entities: LocalPdp['entities'];
  readonly resourceTypes: LocalPdp['resourceTypes'];
  readonly #namespace: string;
  readonly #schema: Schema | undefined;
  readonly #evaluator: Evaluator;
  readonly #advice: ReadonlyMap<string, string>;

  constructor(
    bundle: Bundle<BundleEntities>,
    schema: Schema | undefined,
    engine: CedarEngine,
    evaluator: Evaluator,
  ) {
    this.revision = bundle.revision;
    const { staticPolicies, templateLinks } = bundle.policies;
    this.policies = [...Object.keys(staticPolicies), ...templateLinks.map(({ newId }) => newId)];
    this.#namespace = bundle.namespace;
    this.#schema = schema;
    this.#evaluator = evaluator;
    this.#advice = adviceOf(bundle);
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

  decide(request: LocalRequest): Decision {
    return this.explain(request).decision;
  }

  explain(request: LocalRequest): ExplainedDecision {
    const foreign = this.#foreign(request);
    if (foreign !== undefined) return this.#denyForeign(foreign);
    const response = this.#evaluator.isAuthorized(this.#toCedar(request));
    return { decision: this.#decision(response), errors: response.errors };
  }

  async evaluate(request: AccessRequest, options?: EvaluateOptions): Promise<Decision> {
    throwIfAborted(options?.signal);
    return this.decide(parseAccessRequest(request));
  }

  async evaluateAll(requests: AccessRequest[], options: EvaluateAllOptions = {}): Promise<Decision[]> {
    const { semantic = 'execute_all', signal } = options;
    throwIfAborted(signal);
    const decisions: Decision[] = [];
    for (const [index, request] of requests.entries()) {
      if (index > 0 && index % EVALUATIONS_A_TURN === 0) await turn(signal);
      const decision = this.#decideItem(request);
      decisions.push(decision);
      if (semantic === 'deny_on_first_deny' && !decision.decision) break;
      if (semantic === 'permit_on_first_permit' && decision.decision) break;
    }
    return decisions;
  }

  #toCedar(request: LocalRequest): CedarRequest {
    return toCedarRequest(request, { namespace: this.#namespace, schema: this.#schema });
  }

  /** For a search: its request is mapped once, and then put for each candidate. */
  #judge(request: LocalRequest): Judge | undefined {
    if (this.#foreign(request) !== undefined) return undefined;
    const cedar = this.#toCedar(request);
    return { request: cedar, evaluator: this.#evaluator };
  }

  #decideItem(request: AccessRequest): Decision {
    try {
      return this.decide(parseAccessRequest(request));
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      return { decision: false, context: { error: { status: error.statusCode, message: error.message } } };
    }
  }

  /** Why no policy can be meant for a request: its types have no name in Cedar, or no place in the schema. */
  #foreign({ subject, action, resource }: AccessRequest): string | undefined {
    for (const [role, { type }] of [['subject', subject] as const, ['resource', resource] as const]) {
      if (isEntityTypeName(type)) continue;
      return `${role}.type: is not a Cedar entity type name (letters, digits and _, parts joined by ::)`;
    }
    const uid = { type: actionType(this.#namespace), id: action.name };
    if (this.#schema?.applies(subject.type, uid, resource.type) ?? true) return undefined;
    return `action.name: the schema has no such action of a ${subject.type} on a ${resource.type}`;
  }

  /** Validation says nothing of what policies do with such a request, so none is asked. */
  #denyForeign(message: string): ExplainedDecision {
    const context = { policies: [], revision: this.revision, error: { status: 400, message } };
    return { decision: { decision: false, context }, errors: [] };
  }

  #decision({ decision, reasons, errors }: CedarResponse): Decision {
    const context: DecisionContext = { policies: reasons, revision: this.revision };
    const advice = reasons.flatMap((id) => this.#advice.get(id) ?? []);
    if (advice.length > 0) context.advice = advice;
    if (errors.length > 0) context.errors = errors.map(({ policyId }) => policyId);
    return { decision: decision === 'allow', context };
  }
}

/** What a request puts above an entity. */
function parentsOf({ type, id }: EntityUid, laidOver: readonly LaidOver[] = []): EntityUid[] {
  return laidOver.flatMap(({ uid, parents = [] }) => (uid.type === type && uid.id === id ? parents : []));
}

function adviceOf(bundle: Bundle<BundleEntities>): Map<string, string> {
  const { staticPolicies, templates, templateLinks } = bundle.policies;
  const advice = new Map<string, string>();
  const note = (id: string, policy: PolicyJson | undefined) => {
    const text = policy?.annotations?.advice;
    if (text !== undefined) advice.set(id, text);
  };
  for (const [id, policy] of Object.entries(staticPolicies)) note(id, policy);
  for (const link of templateLinks) note(link.newId, templates[link.templateId]);
  return advice;
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
