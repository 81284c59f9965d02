import type { AccessRequest, Decision } from '../../engine/contract.ts';
import { monotonicMs } from '../deadline.ts';
import { isUnanswered } from './decision-context.ts';
import type { DecisionListener, DecisionRecord } from './decision-record.ts';
import { ForbiddenError, isClientError, ServiceUnavailableError } from './errors.ts';

let isCold = true;

/** Takes the time of asking, and tells the listener how it ended. */
export interface Stopwatch {
  decided(questions: readonly AccessRequest[], decisions: readonly Decision[]): void;
  failed(error: unknown, questions?: readonly AccessRequest[]): void;
}

const UNWATCHED: Stopwatch = { decided: () => {}, failed: () => {} };

/** Begins to take the time; without a listener it does nothing. */
export function startWatch(listener: DecisionListener | undefined): Stopwatch {
  const coldStart = isCold;
  isCold = false;
  if (listener === undefined) return UNWATCHED;
  const start = monotonicMs();
  // What goes on after the deadline has no say any more.
  let isOver = false;
  const end = (work: () => void) => {
    if (!isOver) work();
    isOver = true;
  };
  const tell = (question: AccessRequest | undefined, outcome: Outcome) => {
    try {
      listener({ ...outcome, durationMs: monotonicMs() - start, ...names(question), coldStart });
    } catch {
      // Whoever counts decisions must not be able to change one.
    }
  };
  return {
    decided: (questions, decisions) =>
      end(() => {
        for (const [index, question] of questions.entries()) tell(question, outcomeOf(decisions[index]));
      }),
    failed: (error, questions = []) =>
      end(() => {
        const outcome = questions.length === 0 ? unposed(error) : unanswered(error);
        for (const question of questions.length === 0 ? [undefined] : questions) tell(question, outcome);
      }),
  };
}

function names(question: AccessRequest | undefined) {
  if (question === undefined) return {};
  const { subject, action, resource } = question;
  return { subjectType: subject.type, action: action.name, resourceType: resource.type };
}

type Outcome = Pick<DecisionRecord, 'decision' | 'error' | 'statusCode'>;

function outcomeOf(decision: Decision | undefined): Outcome {
  if (decision === undefined || isUnanswered(decision))
    return { decision: false, error: 'PdpUnavailableError', statusCode: 503 };
  return { decision: decision.decision };
}

/** An extractor failed, so that there was no question to ask. */
function unposed(error: unknown): Outcome {
  // A deny, though nobody had to be asked for it.
  if (error instanceof ForbiddenError) return { decision: false };
  if (isClientError(error)) return { decision: false, error: error.name, statusCode: error.statusCode };
  return unanswered(error);
}

function unanswered(error: unknown): Outcome {
  const root = error instanceof ServiceUnavailableError ? error.cause : error;
  return { decision: false, error: root instanceof Error ? root.name : 'Error', statusCode: 503 };
}
