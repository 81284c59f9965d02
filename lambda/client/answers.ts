import type { Decision, DecisionContext, EvaluationsSemantic } from '../../engine/contract.ts';
import { InvalidRequestError, PdpAuthenticationError, PdpUnavailableError } from '../../engine/errors.ts';
import type { Answer } from './exchange.ts';

/**
 * The body of an answer that is a success.
 *
 * @param origin where it came from
 * @throws InvalidRequestError for a 400, with what the PDP says is wrong
 * @throws PdpAuthenticationError for a 401 or 403
 * @throws PdpUnavailableError for any other status but 200
 */
export function acceptBody({ status, body }: Answer, origin: string): string {
  if (status === 200) return body;
  if (status === 400) {
    const problem = parseProblem(body);
    throw new InvalidRequestError('', problem ?? 'the PDP cannot evaluate the request (400)');
  }
  if (isRefusal(status)) {
    throw new PdpAuthenticationError(`PDP at ${origin} refused the key (${status}); check PDP_API_KEY`);
  }
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  throw new PdpUnavailableError(`PDP at ${origin} answered ${status}${redirect}`);
}

/** Whether a status says that the key is not the right one. */
export function isRefusal(status: number): boolean {
  return status === 401 || status === 403;
}

/**
 * The answer to `/access/v1/evaluation` (AuthZEN 1.0, section 6.2).
 *
 * @throws PdpUnavailableError when it is not one: such a server's word is not to be taken
 */
export function parseDecisionBody(body: string): Decision {
  return parseDecision(parseJson(body));
}

/**
 * The answer to `/access/v1/evaluations` (AuthZEN 1.0, section 7.2): one decision for each of `count` requests,
 * or, with the other semantics, up to and with the one that decided. A decision that is missing is a deny.
 *
 * @throws PdpUnavailableError when it is not one
 */
export function parseDecisionsBody(body: string, count: number, semantic: EvaluationsSemantic): Decision[] {
  const evaluations = asRecord(parseJson(body)).evaluations;
  if (!Array.isArray(evaluations) || evaluations.length > count) throw malformed();
  const given = evaluations.map(parseDecision);
  const decisive = semantic === 'execute_all' ? undefined : semantic === 'permit_on_first_permit';
  const decisions: Decision[] = [];
  for (let index = 0; index < count; index += 1) {
    const decision = given[index] ?? unanswered();
    decisions.push(decision);
    if (decision.decision === decisive) break;
  }
  return decisions;
}

function unanswered(): Decision {
  return {
    decision: false,
    context: { error: { status: 503, message: 'the PDP left this item unanswered' } },
  };
}

function parseDecision(value: unknown): Decision {
  const { decision, context } = asRecord(value);
  if (typeof decision !== 'boolean') throw malformed();
  if (context === undefined || context === null) return { decision };
  return { decision, context: asRecord(context) as DecisionContext };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw malformed();
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw malformed();
}

function malformed(): PdpUnavailableError {
  return new PdpUnavailableError('the answer is not an AuthZEN decision; is the address that of a PDP?');
}

/** What a PDP says is wrong with a request, for the error of the caller: one line, at most 200 characters. */
function parseProblem(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  // AuthZEN 1.0 leaves the body of an error open (section 10.1.2): a string, or an object around one.
  for (const key of ['error', 'detail', 'message']) {
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, key)) {
      value = (value as Record<string, unknown>)[key];
    }
  }
  if (typeof value !== 'string' || value === '') return undefined;
  return value.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
}
