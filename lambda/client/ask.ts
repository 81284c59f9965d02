import type { Deadline } from '../deadline.ts';
import type { Address } from './address.ts';
import type { AddressBook } from './addresses.ts';
import { type Attempt, isAnswer, type Outcome, type Outgoing, startAttempt } from './attempt.ts';
import type { Emit } from './events.ts';
import { type Answer, ConnectionError, UnreachableError } from './exchange.ts';
import type { Hedge } from './hedge.ts';
import { pickAddress } from './pick.ts';

/** Attempts that reach a server, for one request. */
const ATTEMPTS = 2;

/** What asking needs, and keeps from one request to the next. */
export interface Asking {
  addresses: AddressBook;
  /** Undefined: no hedges. */
  hedge: Hedge | undefined;
  attemptTimeoutMs: number;
  random: () => number;
  emit: Emit | undefined;
}

/**
 * Asks, and asks a second address when the first gives no answer or is slow: a decision has no side effect, so
 * asking twice is sound. An address that no connection can be made to is no attempt, as long as there are others.
 *
 * @throws ConnectionError when no attempt brought an answer
 * @throws AnswerTooLongError
 */
export async function ask(asking: Asking, outgoing: Outgoing, deadline: Deadline): Promise<Answer> {
  const { hedge, emit } = asking;
  const addresses = await asking.addresses.get(asking.attemptTimeoutMs);
  const tried = new Set<Address>();
  let left = ATTEMPTS;

  function begin(why?: 'retry' | 'hedge'): Attempt {
    // After the deadline nobody waits for an answer any more.
    deadline.signal.throwIfAborted();
    const address = pickAddress(addresses, tried, asking.random);
    // Asked once more: the kept connections may all lead to a server that has just gone.
    if (tried.has(address)) address.dropIdle();
    tried.add(address);
    left -= 1;
    if (why !== undefined) emit?.({ type: why, address: address.ip });
    const timeoutMs = attemptTime(asking.attemptTimeoutMs, deadline.remaining(), left > 0);
    return startAttempt(address, outgoing, { timeoutMs, signal: deadline.signal }, emit);
  }

  async function outcomeOf(first: Attempt): Promise<Outcome> {
    const hedgeable = hedge !== undefined && left > 0 && tried.size < addresses.length;
    if (!hedgeable) return first.outcome;
    const early = await within(hedge.delayMs, first.outcome);
    if (early !== undefined) return early;
    if (deadline.signal.aborted || !hedge.spend()) return first.outcome;
    return better(first, begin('hedge'));
  }

  /** The answer that is there first; when one of them fails, the outcome of the other. */
  async function better(first: Attempt, second: Attempt): Promise<Outcome> {
    const [winner, outcome] = await Promise.race(
      [first, second].map(async (attempt) => [attempt, await attempt.outcome] as const),
    );
    const other = winner === first ? second : first;
    if (isAnswer(outcome)) {
      other.cancel(other === first);
      return outcome;
    }
    return another(outcome) ? better(other, begin('retry')) : other.outcome;
  }

  /** Whether there is another address after one that no connection could be made to: that was no attempt. */
  function another(outcome: Outcome): boolean {
    const free = outcome instanceof UnreachableError && tried.size < addresses.length;
    if (free) left += 1;
    return free;
  }

  hedge?.earn();
  for (let attempt = begin(); ; attempt = begin('retry')) {
    const outcome = await outcomeOf(attempt);
    if (isAnswer(outcome)) {
      // Also when another was faster: then it would have taken longer still.
      hedge?.learn(attempt.elapsed());
      return outcome;
    }
    if (another(outcome) || left > 0) continue;
    if (outcome instanceof ConnectionError) throw outcome;
    return outcome;
  }
}

/** A first attempt gets half of the time at most, so that a second one has some; the last is ended by the deadline. */
function attemptTime(attemptMs: number, remainingMs: number, another: boolean): number | undefined {
  if (another) return Math.min(attemptMs, Math.ceil(remainingMs / 2));
  return attemptMs < remainingMs ? attemptMs : undefined;
}

/** The outcome, or undefined when it takes longer. */
async function within(milliseconds: number, outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  const { promise: timeUp, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, milliseconds, undefined);
  try {
    return await Promise.race([outcome, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
