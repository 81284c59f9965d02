import type { Decision, JsonObject, LocalPdp, LocalRequest } from '../../engine/contract.ts';
import { InvalidRequestError } from '../../engine/index.ts';
import type { Decider } from '../decider.ts';
import type { RequestIds } from '../request-ids.ts';
import { Turns } from '../turns.ts';
import { type PermitQuery, type PermitTypes, toLocalRequest } from './mapping.ts';

/** What a question is put to, and for whom. One request takes it once and keeps to its revision. */
export interface PermitCall {
  pdp: LocalPdp;
  decider: Decider;
  types: PermitTypes;
  ids: RequestIds;
}

/** What Permit answers to one question. `result` is its deprecated name for `allow`. */
export interface CheckResult {
  allow: boolean;
  /** What was asked, as it was understood. */
  query: JsonObject;
  /** Why: the policies that decided, those that erred, the revision that answered. */
  debug: NonNullable<Decision['context']>;
  result: boolean;
}

export interface BulkResult {
  allow: CheckResult[];
}

/** Answers one question; the body of `/allowed`, and `result` of `permit/root`. @throws InvalidRequestError */
export function check(query: PermitQuery, call: PermitCall): CheckResult {
  return resultOf(query, call.decider.decide(call.pdp, toLocalRequest(query, call.types), call.ids));
}

/**
 * Answers many, in their order; one that cannot be evaluated is a deny that says why.
 *
 * @throws the reason of `signal` once that is aborted
 */
export async function checkBulk(
  queries: readonly PermitQuery[],
  call: PermitCall,
  signal: AbortSignal,
): Promise<BulkResult> {
  const turns = new Turns(signal);
  const allow: CheckResult[] = [];
  for (const query of queries) {
    await turns.next();
    allow.push(checkItem(query, call));
  }
  return { allow };
}

function checkItem(query: PermitQuery, call: PermitCall): CheckResult {
  const request: LocalRequest = toLocalRequest(query, call.types);
  try {
    return resultOf(query, call.decider.decide(call.pdp, request, call.ids));
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return resultOf(query, call.decider.denyInvalid(call.pdp, request, error.message, call.ids));
  }
}

function resultOf({ user, action, resource }: PermitQuery, { decision, context }: Decision): CheckResult {
  const { type, key, tenant } = resource;
  const query = {
    user: { key: user.key },
    action,
    resource: { type, key: key ?? null, tenant: tenant ?? null },
  };
  return { allow: decision, query, debug: context ?? {}, result: decision };
}
