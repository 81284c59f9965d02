import type { AdviceOf } from './advice.ts';
import { toCedarRequest } from './cedar-mapping.ts';
import type {
  AccessRequest,
  Decision,
  DecisionContext,
  EvaluateAllOptions,
  EvaluateOptions,
  LocalRequest,
  PolicyDecisionPoint,
} from './contract.ts';
import { actionType, isEntityTypeName } from './entity-uid.ts';
import { InvalidRequestError } from './errors.ts';
import type { CedarRequest, CedarResponse, Evaluator } from './evaluator.ts';
import { parseAccessRequest } from './request.ts';
import type { Schema } from './schema.ts';
import { EVALUATIONS_A_TURN, throwIfAborted, turn } from './turns.ts';

/** A decision of this process, with what the evaluator said of it. */
export interface ExplainedDecision {
  decision: Decision;
  errors: CedarResponse['errors'];
}

/** What decides one revision. */
export interface Deciding {
  revision: string;
  namespace: string;
  schema: Schema | undefined;
  evaluator: Evaluator;
  advice: AdviceOf;
}

/** A PDP in this process, for decisions and nothing else. */
export class DecidingPdp implements PolicyDecisionPoint {
  readonly revision: string;
  protected readonly schema: Schema | undefined;
  protected readonly evaluator: Evaluator;
  readonly #namespace: string;
  readonly #advice: AdviceOf;

  constructor({ revision, namespace, schema, evaluator, advice }: Deciding) {
    this.revision = revision;
    this.schema = schema;
    this.evaluator = evaluator;
    this.#namespace = namespace;
    this.#advice = advice;
  }

  decide(request: LocalRequest): Decision {
    return this.explain(request).decision;
  }

  explain(request: LocalRequest): ExplainedDecision {
    const foreign = this.foreign(request);
    if (foreign !== undefined) return this.#denyForeign(foreign);
    const response = this.evaluator.isAuthorized(this.toCedar(request));
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

  protected toCedar(request: LocalRequest): CedarRequest {
    return toCedarRequest(request, { namespace: this.#namespace, schema: this.schema });
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
  protected foreign({ subject, action, resource }: AccessRequest): string | undefined {
    for (const [role, { type }] of [['subject', subject] as const, ['resource', resource] as const]) {
      if (isEntityTypeName(type)) continue;
      return `${role}.type: is not a Cedar entity type name (letters, digits and _, parts joined by ::)`;
    }
    const uid = { type: actionType(this.#namespace), id: action.name };
    if (this.schema?.applies(subject.type, uid, resource.type) ?? true) return undefined;
    return `action.name: the schema has no such action of a ${subject.type} on a ${resource.type}`;
  }

  /** Validation says nothing of what policies do with such a request, so none is asked. */
  #denyForeign(message: string): ExplainedDecision {
    const context = { policies: [], revision: this.revision, error: { status: 400, message } };
    return { decision: { decision: false, context }, errors: [] };
  }

  #decision({ decision, reasons, errors }: CedarResponse): Decision {
    const context: DecisionContext = { policies: reasons, revision: this.revision };
    const advice = reasons.flatMap((id) => this.#advice(id) ?? []);
    if (advice.length > 0) context.advice = advice;
    if (errors.length > 0) context.errors = errors.map(({ policyId }) => policyId);
    return { decision: decision === 'allow', context };
  }
}
