import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { InvalidRequestError, PdpTimeoutError, PdpUnavailableError } from '../../../engine/index.ts';
import { withinAnswerTime } from '../../../pdp-container/http/answer-time.ts';

const LATE = new PdpTimeoutError('took longer than 1 ms: ask for less in one request, or a smaller page');
const HOUR_MS = 3_600_000;

/** The part of a reply that is looked at. */
function reply(): FastifyReply {
  return { raw: new EventEmitter() } as unknown as FastifyReply;
}

/** Work that goes on until it is told to stop, and then fails in its own way. */
function endless(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')));
  });
}

test('work is stopped when its time is over', async () => {
  await expect(withinAnswerTime(reply(), 1, endless)).rejects.toThrow(LATE);
});

test('an answer that comes late is not given, though the work never let the timer run', async () => {
  const work = async () => {
    const end = performance.now() + 1;
    while (performance.now() < end);
    return 'late';
  };
  await expect(withinAnswerTime(reply(), 1, work)).rejects.toThrow(LATE);
});

test('work is stopped when the caller goes away', async () => {
  const gone = reply();
  const answer = withinAnswerTime(gone, HOUR_MS, endless);
  gone.raw.emit('close');
  await expect(answer).rejects.toThrow(new PdpUnavailableError('the caller went away'));
});

test('an answer in time is given, an error of the work is its own, and neither leaves anything behind', async () => {
  const asked = reply();
  expect(await withinAnswerTime(asked, HOUR_MS, async () => 'answer')).toBe('answer');
  const problem = new InvalidRequestError('page.token', 'is not a token of this PDP');
  const failing = withinAnswerTime(asked, HOUR_MS, () => Promise.reject(problem));
  await expect(failing).rejects.toBe(problem);
  expect(asked.raw.listenerCount('close')).toBe(0);
});
