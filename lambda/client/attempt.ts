import { isTimeUp, monotonicMs } from '../deadline.ts';
import type { Address } from './address.ts';
import type { Verdict } from './breaker.ts';
import type { Emit } from './events.ts';
import {
  type Answer,
  AnswerTooLongError,
  ConnectionError,
  type Exchange,
  GivenUpError,
  StaleConnectionError,
  startExchange,
} from './exchange.ts';

/** Answers of a server that is draining, or of a balancer with no server behind it: another may answer. */
const ASK_ANOTHER = new Set([502, 503, 504]);

/** What is sent, wherever it is sent to. */
export type Outgoing = Omit<Exchange, 'agent' | 'address' | 'timeoutMs' | 'signal'>;

export type Outcome = Answer | ConnectionError;

/** One attempt at one address. */
export interface Attempt {
  /**
   * What came of it. A connection that failed is an outcome, too.
   *
   * @throws AnswerTooLongError
   */
  readonly outcome: Promise<Outcome>;
  /** Gives it up: another address has answered. With `outrun`, one that was asked later. */
  cancel(outrun: boolean): void;
  /** Milliseconds since it began. */
  elapsed(): number;
}

export interface AttemptLimits {
  /** Milliseconds; without it only `signal` ends the attempt. */
  timeoutMs: number | undefined;
  signal: AbortSignal;
}

/** Whether an outcome is an answer to keep, whatever it says, and not a reason to ask elsewhere. */
export function isAnswer(outcome: Outcome): outcome is Answer {
  return !(outcome instanceof ConnectionError) && !ASK_ANOTHER.has(outcome.status);
}

/** Asks one address, and keeps its count and its breaker. */
export function startAttempt(
  address: Address,
  outgoing: Outgoing,
  limits: AttemptLimits,
  emit: Emit | undefined,
): Attempt {
  const begunAt = monotonicMs();
  const elapsed = () => monotonicMs() - begunAt;
  const judge = address.breaker.begin();
  const start = () => startExchange({ ...outgoing, ...limits, agent: address.agent(), address: address.ip });
  let running = start();
  let outrun = false;

  const answered = async (): Promise<Outcome> => {
    try {
      return await running.answer;
    } catch (error) {
      if (!(error instanceof StaleConnectionError) || limits.signal.aborted) throw error;
      // The server closed it while nobody looked, as happens when a function is frozen; so it did the others.
      address.dropIdle();
      running = start();
      return running.answer;
    }
  };
  const settled = (outcome: Outcome | Error): void => {
    address.pending -= 1;
    judge(verdict(outcome, outrun, limits.signal));
    emit?.({
      type: 'attempt',
      address: address.ip,
      durationMs: elapsed(),
      ...(outcome instanceof Error ? { error: outcome.name } : { status: outcome.status }),
    });
  };

  address.pending += 1;
  const outcome = answered().then(
    (answer) => {
      settled(answer);
      return answer;
    },
    (error: Error) => {
      settled(error);
      if (error instanceof ConnectionError) return error;
      throw error;
    },
  );
  // Whoever lost interest in it does not await it.
  outcome.catch(() => {});
  return {
    outcome,
    cancel(later) {
      outrun = later;
      running.cancel();
    },
    elapsed,
  };
}

function verdict(outcome: Outcome | Error, outrun: boolean, signal: AbortSignal): Verdict {
  if (outcome instanceof GivenUpError) return outrun || isTimeUp(signal) ? 'bad' : 'unknown';
  if (outcome instanceof AnswerTooLongError) return 'good';
  return outcome instanceof Error || !isAnswer(outcome) ? 'bad' : 'good';
}
