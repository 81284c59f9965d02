import type { Decision } from '../../engine/contract.ts';
import { InvalidRequestError, parseAccessRequest } from '../../engine/index.ts';
import { allTenants } from '../permit/all-tenants.ts';
import { check, checkBulk, type PermitCall } from '../permit/check.ts';
import {
  parsePermitQuery,
  parseUserPermissionsQuery,
  parseUserTenantsQuery,
  permitQueriesParser,
} from '../permit/requests.ts';
import { BULK_RESULT, CHECK_RESULT, USER_TENANTS_RESULT } from '../permit/results.ts';
import { PERMIT_QUERY, USER_PERMISSIONS_QUERY, USER_TENANTS_QUERY } from '../permit/schemas.ts';
import type { InTime } from '../permit/scope.ts';
import { userPermissions } from '../permit/user-permissions.ts';
import { userTenants } from '../permit/user-tenants.ts';
import type { DocumentPath } from './path.ts';
import {
  ACCESS_REQUEST,
  ALLOW_RESULT,
  ANY_TENANT_RESULT,
  bulkQuery,
  CEDAR_RESULT,
  MAIN_RESULT,
  PERMISSIONS_RESULT,
  type Schema,
} from './schemas.ts';

/** What a document is evaluated with. */
export interface OpaCall extends PermitCall {
  inTime: InTime;
}

/** A document that depends on the input. What is in its value can be asked for by a longer path. */
export interface OpaDocument {
  path: DocumentPath;
  summary: string;
  input: Schema;
  result: Schema;
  /** @throws InvalidRequestError when the input is not what `input` says */
  evaluate(input: unknown, call: OpaCall): unknown;
}

/** What OPA calls its default decision: the document that `POST /` answers with. It has this path there too. */
export const DEFAULT_DECISION: DocumentPath = ['system', 'main'];

/**
 * All documents there are; a path is of the first that it is in. `permit` is what Permit's policy answers, with the
 * input of its own enforcer; the others take an AuthZEN request.
 *
 * @param maxItems most questions of `permit/bulk`
 */
export function opaDocuments(maxItems: number): readonly OpaDocument[] {
  const parseChecks = permitQueriesParser(maxItems);
  return [
    {
      path: ['permit', 'root'],
      summary: "Permit's check: whether a user may do an action on a resource",
      input: PERMIT_QUERY,
      result: CHECK_RESULT,
      evaluate: (input, call) => check(parsePermitQuery(input), call),
    },
    {
      path: ['permit', 'bulk'],
      summary: 'The same for many questions',
      input: bulkQuery(maxItems),
      result: BULK_RESULT,
      evaluate: (input, call) => {
        const checks = parseChecks(checksOf(input));
        return call.inTime((signal) => checkBulk(checks, call, signal));
      },
    },
    {
      path: ['permit', 'any_tenant'],
      summary: 'The tenants in which a question is allowed',
      input: PERMIT_QUERY,
      result: ANY_TENANT_RESULT,
      evaluate: async (input, call) => {
        const query = parsePermitQuery(input);
        return { allowed_tenants: await call.inTime((signal) => allTenants(query, call, signal)) };
      },
    },
    {
      path: ['permit', 'user_permissions', 'tenants'],
      summary: 'The tenants in which a user has a role',
      input: USER_TENANTS_QUERY,
      result: USER_TENANTS_RESULT,
      evaluate: (input, call) => userTenants(parseUserTenantsQuery(input), call),
    },
    {
      path: ['permit', 'user_permissions'],
      summary: 'What a user may do, and those tenants',
      input: USER_PERMISSIONS_QUERY,
      result: PERMISSIONS_RESULT,
      evaluate: async (input, call) => {
        const query = parseUserPermissionsQuery(input);
        const permissions = await call.inTime((signal) => userPermissions(query, call, signal));
        return { permissions, tenants: userTenants(query, call) };
      },
    },
    {
      path: ['authzen'],
      summary: 'An AuthZEN request; `authzen/allow` is the bare decision',
      input: ACCESS_REQUEST,
      result: ALLOW_RESULT,
      evaluate: (input, call) => ({ allow: decide(input, call).decision }),
    },
    {
      path: ['cedar'],
      summary: 'The same with the policies that decided and those that erred',
      input: ACCESS_REQUEST,
      result: CEDAR_RESULT,
      evaluate: (input, call) => cedarResult(decide(input, call)),
    },
    {
      path: ['system'],
      summary: 'The default decision, `system/main`: as `authzen/allow`',
      input: ACCESS_REQUEST,
      result: MAIN_RESULT,
      evaluate: (input, call) => ({ main: decide(input, call).decision }),
    },
  ];
}

function checksOf(input: unknown): unknown[] {
  const { checks } = Object(input) as { checks?: unknown };
  if (Array.isArray(checks)) return checks;
  throw new InvalidRequestError('checks', 'must be a list of questions');
}

function decide(input: unknown, { pdp, decider, ids }: OpaCall): Decision {
  return decider.decide(pdp, parseAccessRequest(input), ids);
}

function cedarResult({ decision, context = {} }: Decision): object {
  const { policies = [], errors = [], ...rest } = context;
  return { allow: decision, decision: decision ? 'allow' : 'deny', reasons: policies, errors, ...rest };
}
