import type { FastifyReply } from 'fastify';
import { PdpTimeoutError, PdpUnavailableError } from '../../engine/index.ts';

/**
 * Runs work that is bounded in time and given up when the caller goes away. An answer that comes late all the same,
 * from work that gave no turn to the timer, is not given either.
 *
 * @throws PdpTimeoutError when the time is over; PdpUnavailableError when the caller has gone
 */
export async function withinAnswerTime<T>(
  reply: FastifyReply,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const over = () =>
    controller.abort(
      new PdpTimeoutError(
        `took longer than ${milliseconds} ms: ask for less in one request, or a smaller page`,
      ),
    );
  const gone = () => controller.abort(new PdpUnavailableError('the caller went away'));
  const end = performance.now() + milliseconds;
  const timer = setTimeout(over, milliseconds);
  reply.raw.once('close', gone);
  try {
    const result = await work(signal);
    if (performance.now() >= end) over();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    // Whoever noticed the signal may have thrown an error of its own; ours says what to do.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    reply.raw.removeListener('close', gone);
  }
}
