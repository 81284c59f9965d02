import { PdpTimeoutError, PdpUnavailableError } from '../engine/errors.ts';

/** What work under a deadline may look at: both say the same thing. */
export interface Deadline {
  /** Aborted when the time is up, the caller gave up, or the work failed: none of what it left running is needed. */
  readonly signal: AbortSignal;
  /** Milliseconds left; never below zero. */
  remaining(): number;
}

/**
 * Runs work that must end in time. When it does not, the promise rejects at the deadline whatever the work
 * goes on doing, so even a promise that never settles cannot hold a caller. Its timer is cleared as soon as the
 * work ends, so it keeps no function alive; until then it must: a Lambda runtime whose event loop runs empty
 * ends the invocation with `null` instead of an answer.
 *
 * @throws PdpTimeoutError when the time is up
 * @throws PdpUnavailableError when the caller's signal aborts; its reason is the `cause`
 */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  work: (deadline: Deadline) => PromiseLike<T>,
): Promise<T> {
  if (outer?.aborted) throw aborted(outer);
  if (milliseconds <= 0) throw new PdpTimeoutError('no time was left to ask the PDP');
  const end = monotonicMs() + milliseconds;
  const controller = new AbortController();
  const { promise: gaveUp, reject } = Promise.withResolvers<never>();
  const give = (error: Error) => {
    reject(error);
    controller.abort(error);
  };
  const timer = setTimeout(
    () => give(new PdpTimeoutError(`no answer within ${milliseconds} ms`)),
    milliseconds,
  );
  const onAbort = () => outer && give(aborted(outer));
  outer?.addEventListener('abort', onAbort, { once: true });
  try {
    const deadline = { signal: controller.signal, remaining: () => Math.max(0, end - monotonicMs()) };
    return await Promise.race([gaveUp, work(deadline)]);
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onAbort);
  }
}

/** Milliseconds of a clock that nobody sets. `performance` would load Node's perf_hooks, 2 ms of a cold start. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}

/** Whether a signal was aborted because the time was up, here or at whoever called. */
export function isTimeUp({ reason }: AbortSignal): boolean {
  const cause: unknown = reason instanceof PdpUnavailableError ? reason.cause : undefined;
  return reason instanceof PdpTimeoutError || cause instanceof PdpTimeoutError;
}

function aborted(signal: AbortSignal): PdpUnavailableError {
  return new PdpUnavailableError('the caller gave up', { cause: signal.reason });
}
