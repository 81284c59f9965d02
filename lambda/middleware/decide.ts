import type { AccessRequest, Decision, EvaluateOptions } from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { withDeadline } from '../deadline.ts';
import { accessRequest } from './ask.ts';
import { startWatch } from './decision-listener.ts';
import { AuthorizationError, isClientError, ServiceUnavailableError } from './errors.ts';
import type { QuestionSettings } from './options.ts';
import { timeLeft } from './time-left.ts';
import type { MiddyRequest } from './types.ts';

/** A question, and the PDP's answer to it. */
export interface Answered extends AccessRequest {
  decision: Decision;
  /** What the resource's extractor had to load to name it. */
  loaded?: unknown;
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
  const watch = startWatch(settings.onDecision);
  let asked: AccessRequest[] = [];
  try {
    return await inTime(settings, request.context, async (options) => {
      const { question, ...loaded } = await accessRequest(settings, request);
      asked = [question];
      const pdp = await settings.pdp();
      const answer: unknown = await pdp.evaluate(question, options());
      const decision = parseDecision(answer);
      watch.decided(asked, [decision]);
      return { ...question, ...loaded, decision };
    });
  } catch (error) {
    watch.failed(error, asked);
    // The PDP's own errors have a `statusCode` too: only an extractor may say that the caller is at fault.
    if (error instanceof AuthorizationError || (asked.length === 0 && isClientError(error))) throw error;
    throw new ServiceUnavailableError(error);
  }
}

/**
 * Asks the PDP many questions at once, within the time there is.
 *
 * @param pose gives the questions, or what is to be asked within the same time
 * @throws ServiceUnavailableError when there is no answer, whatever the reason; `cause` says which
 */
export async function decideAll(
  settings: AskSettings,
  context: unknown,
  pose: () => AccessRequest[] | Promise<AccessRequest[]>,
): Promise<Decision[]> {
  const watch = startWatch(settings.onDecision);
  let asked: AccessRequest[] = [];
  try {
    return await inTime(settings, context, async (options) => {
      asked = await pose();
      if (asked.length === 0) return [];
      const pdp = await settings.pdp();
      const answers: unknown = await pdp.evaluateAll(asked, options());
      if (!Array.isArray(answers)) throw new PdpUnavailableError('the PDP gave no decisions');
      const decisions = asked.map((_question, index) => parseDecision(answers[index]));
      watch.decided(asked, decisions);
      return decisions;
    });
  } catch (error) {
    watch.failed(error, asked);
    throw new ServiceUnavailableError(error);
  }
}

/** What is needed to ask, whatever is asked. */
export type AskSettings = Pick<QuestionSettings<never>, 'pdp' | 'timeoutMs' | 'onDecision'>;

function inTime<T>(
  settings: AskSettings,
  context: unknown,
  ask: (options: () => EvaluateOptions) => Promise<T>,
): Promise<T> {
  const budget = Math.min(settings.timeoutMs, timeLeft(context));
  return withDeadline(budget, undefined, ({ signal, remaining }) => {
    const { awsRequestId } = context as { awsRequestId?: unknown };
    // Read when the question is ready: what was loaded for it has taken of the same time.
    return ask(() => ({
      signal,
      timeoutMs: remaining(),
      ...(typeof awsRequestId === 'string' ? { requestId: awsRequestId } : {}),
    }));
  });
}

/** A permit is `true` itself, and not something like it. */
function parseDecision(answer: unknown): Decision {
  if (typeof answer !== 'object' || answer === null)
    throw new PdpUnavailableError('the PDP gave no decision');
  const { decision, context } = answer as Partial<Decision>;
  return { decision: decision === true, ...(context === undefined ? {} : { context }) };
}
