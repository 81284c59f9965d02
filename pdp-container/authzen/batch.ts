import type { Decision, LocalPdp } from '../../engine/contract.ts';
import { InvalidRequestError } from '../../engine/index.ts';
import type { Decider } from '../decider.ts';
import type { RequestIds } from '../request-ids.ts';
import { Turns } from '../turns.ts';
import { type EvaluationsRequest, parseItem } from './requests.ts';

type Batch = Exclude<EvaluationsRequest, { single: unknown }>;

/**
 * Works through a batch in order, all of it against one revision. An item that is invalid is a deny with the
 * error in its context (AuthZEN 1.0, section 7.2.1). With a short-circuiting semantic the answers end at the
 * item that decided.
 *
 * @throws the reason of `signal` once that is aborted
 */
export async function decideBatch(
  decider: Decider,
  pdp: LocalPdp,
  batch: Batch,
  ids: RequestIds,
  signal: AbortSignal,
): Promise<Decision[]> {
  const decisions: Decision[] = [];
  const turns = new Turns(signal);
  for (const item of batch.items) {
    await turns.next();
    const decision = decideItem(decider, pdp, item, batch.defaults, ids);
    decisions.push(decision);
    if (batch.semantic === 'deny_on_first_deny' && !decision.decision) break;
    if (batch.semantic === 'permit_on_first_permit' && decision.decision) break;
  }
  return decisions;
}

function decideItem(
  decider: Decider,
  pdp: LocalPdp,
  item: unknown,
  defaults: Batch['defaults'],
  ids: RequestIds,
): Decision {
  let asked = {};
  try {
    const request = parseItem(item, defaults);
    asked = request;
    return decider.decide(pdp, request, ids);
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return decider.denyInvalid(pdp, asked, error.message, ids);
  }
}
