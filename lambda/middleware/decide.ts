import type { AccessRequest, Decision } from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { type Deadline, withDeadline } from '../deadline.ts';
import { accessRequest } from './ask.ts';
import { AuthorizationError, ServiceUnavailableError } from './errors.ts';
import type { QuestionSettings } from './options.ts';
import type { MiddyRequest } from './types.ts';

/** What is left to a function for answering when the time-out is bound by Lambda's own, in milliseconds. */
const ANSWERING_MS = 100;

/** A question, and the PDP's answer to it. */
export interface Answered extends AccessRequest {
  decision: Decision;
}

/**
 * Asks the PDP what an event poses, within the time there is.
 *
 * @throws UnauthorizedError when there is no subject
 * @throws ServiceUnavailableError when there is no answer, whatever the reason; `cause` says which
 * @throws an error of an extractor that has a `statusCode` of 400 to 499
 */
export async function decide<Event>(
  settings: QuestionSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<Answered> {
  let extracting = true;
  try {
    const budget = Math.min(settings.timeoutMs, timeLeft(request.context));
    return await withDeadline(budget, undefined, async (deadline) => {
      const question = await accessRequest(settings, request);
      extracting = false;
      const pdp = await settings.pdp();
      const answer: unknown = await pdp.evaluate(question, askOptions(deadline, request));
      return { ...question, decision: parseDecision(answer) };
    });
  } catch (error) {
    // The PDP's own errors have a `statusCode` too: only an extractor may say that the caller is at fault.
    if (error instanceof AuthorizationError || (extracting && isClientError(error))) throw error;
    throw new ServiceUnavailableError(error);
  }
}

function askOptions({ signal, remaining }: Deadline, request: MiddyRequest<unknown>) {
  const { awsRequestId } = request.context;
  const left = { signal, timeoutMs: remaining() };
  return typeof awsRequestId === 'string' ? { ...left, requestId: awsRequestId } : left;
}

/** A permit is `true` itself, and not something like it. */
function parseDecision(answer: unknown): Decision {
  if (typeof answer !== 'object' || answer === null)
    throw new PdpUnavailableError('the PDP gave no decision');
  const { decision, context } = answer as Partial<Decision>;
  return { decision: decision === true, ...(context === undefined ? {} : { context }) };
}

/** Milliseconds that Lambda leaves for asking; without a limit outside of Lambda. */
function timeLeft(context: unknown): number {
  const lambda = context as { getRemainingTimeInMillis?: unknown; lambdaContext?: unknown } | undefined;
  // A durable function has the Lambda context inside of its own, as middy knows too.
  for (const owner of [lambda, lambda?.lambdaContext as typeof lambda]) {
    if (typeof owner?.getRemainingTimeInMillis === 'function') {
      const left: unknown = owner.getRemainingTimeInMillis();
      if (typeof left === 'number' && Number.isFinite(left)) return left - ANSWERING_MS;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function isClientError(error: unknown): boolean {
  const status = error instanceof Error ? (error as { statusCode?: unknown }).statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}
