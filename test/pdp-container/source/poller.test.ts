import { expect, it } from 'vitest';
import { Poller, systemPacing } from '../../../pdp-container/source/poller.ts';
import { FakePacing, FakeRemote, settle } from './fake-remote.ts';

function poller(everyMs = 10_000) {
  const source = new FakeRemote();
  const pacing = new FakePacing();
  const told: string[] = [];
  const events = {
    fetched: async ({ tag }: { tag: string }): Promise<void> => {
      told.push(tag);
    },
    unchanged: () => void told.push('unchanged'),
    failed: (error: unknown) => void told.push(String(error)),
  };
  return { source, pacing, told, events, own: new Poller(source, everyMs, events, pacing) };
}

it('asks after each interval, with the tag of what it has, give or take a tenth', async () => {
  const { own, source, pacing, told } = poller();
  const first = own.start();
  await source.answer('a');
  await first;
  pacing.chance = 0;
  await pacing.pass();
  await source.answer(undefined);
  pacing.chance = 0.999_999;
  await pacing.pass();
  await source.answer('b');
  await pacing.pass();
  expect(source.asked).toEqual([undefined, 'a', 'a', 'b']);
  expect(told).toEqual(['a', 'unchanged', 'b']);
  expect(pacing.waits.map(Math.round)).toEqual([10_000, 9_000, 11_000]);
});

it('waits longer after each failure, up to 5 minutes, and any time up to that', async () => {
  const { own, source, pacing, told } = poller();
  pacing.chance = 1;
  const first = own.start();
  for (let failures = 0; failures < 7; failures += 1) {
    await source.fail();
    await pacing.pass();
  }
  // What was to be known first is that there is no answer.
  await first;
  expect(pacing.waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  pacing.chance = 0.25;
  await source.fail();
  expect(pacing.waits.at(-1)).toBe(75_000);
  await pacing.pass();
  await source.answer('a');
  await pacing.pass();
  await source.fail();
  expect(pacing.waits.slice(-2)).toEqual([9_500, 2_500]);
  expect(told).toContain('SourceError: answered 503');
});

it('asks a source that holds questions again at once, unless it does not hold them', async () => {
  const { own, source, pacing } = poller();
  source.waits = true;
  void own.start();
  await source.answer('a');
  await pacing.pass();
  pacing.advance(1_000);
  await source.answer(undefined);
  await pacing.pass();
  pacing.advance(999);
  await source.answer(undefined);
  expect(pacing.waits).toEqual([0, 0, 10_000]);
});

it('does not ask a source at once again and again that calls what it has something else each time', async () => {
  const { own, source, pacing } = poller();
  source.waits = true;
  void own.start();
  await source.answer('a');
  await pacing.pass();
  await source.answer('b');
  await pacing.pass();
  pacing.advance(400);
  await source.answer('c');
  await pacing.pass();
  pacing.advance(1_000);
  await source.answer('d');
  expect(pacing.waits).toEqual([0, 1_000, 600, 0]);
});

it('asks at once when told to, one question at a time', async () => {
  const { own, source, pacing } = poller();
  void own.start();
  await source.answer('a');
  const done: string[] = [];
  void own.ask().then(() => done.push('first'));
  await settle();
  expect(source.asked).toHaveLength(2);
  // Asked too early to know what these want to know.
  void own.ask().then(() => done.push('second'));
  void own.ask().then(() => done.push('third'));
  await settle();
  expect(source.asked).toHaveLength(2);
  await source.answer(undefined);
  expect(done).toEqual(['first']);
  expect(source.asked).toHaveLength(3);
  await source.fail();
  expect(done).toEqual(['first', 'second', 'third']);
  expect(source.asked).toHaveLength(3);
  expect(pacing.waits).toHaveLength(2);
});

it('asks at once during a wait after failures', async () => {
  const { own, source } = poller();
  void own.start();
  await source.fail();
  const asked = own.ask();
  await settle();
  await source.answer('a');
  await asked;
  expect(source.asked).toEqual([undefined, undefined]);
});

it('does not wait for a question that the source holds', async () => {
  const { own, source, pacing } = poller();
  source.waits = true;
  void own.start();
  await source.answer('a');
  await pacing.pass();
  await own.ask();
  expect(source.asked).toEqual([undefined, 'a']);
  pacing.advance(30_000);
  await source.answer('b');
  expect(source.asked).toEqual([undefined, 'a', 'b']);
});

it('asks no more on its own with an interval of 0, but until there is an answer', async () => {
  const { own, source, pacing } = poller(0);
  pacing.chance = 1;
  void own.start();
  await source.fail();
  expect(pacing.waits).toEqual([10_000]);
  await pacing.pass();
  await source.answer('a');
  expect(pacing.waits).toEqual([10_000, Number.POSITIVE_INFINITY]);
  void own.ask();
  await settle();
  expect(source.asked).toEqual([undefined, undefined, 'a']);
});

it('asks again only when what it was answered has been dealt with', async () => {
  const { own, source, pacing, events } = poller();
  const dealt = Promise.withResolvers<void>();
  events.fetched = () => dealt.promise;
  const first = own.start();
  await source.answer('a');
  await first;
  const asked = own.ask();
  await settle();
  expect(source.asked).toHaveLength(1);
  expect(pacing.waits).toEqual([]);
  dealt.resolve();
  await settle();
  expect(source.asked).toHaveLength(2);
  await source.answer(undefined);
  await asked;
});

it('gives up the question under way when it stops, and says nothing of it', async () => {
  const { own, source, told } = poller();
  const first = own.start();
  await own.stop();
  await first;
  expect(told).toEqual([]);
  expect(source.closed).toBe(true);
  await own.ask();
  expect(source.asked).toHaveLength(1);
});

it('stops while it waits', async () => {
  const { own, source, pacing } = poller();
  void own.start();
  await source.answer('a');
  await own.stop();
  expect(pacing.waits).toHaveLength(1);
  expect(source.asked).toHaveLength(1);
});

it('waits by the clock, or until it is not to', async () => {
  const { signal } = new AbortController();
  await systemPacing.wait(0, signal);
  const stop = new AbortController();
  const long = [
    systemPacing.wait(1e9, stop.signal),
    systemPacing.wait(Number.POSITIVE_INFINITY, stop.signal),
  ];
  stop.abort();
  await Promise.all(long);
  await systemPacing.wait(1e9, stop.signal);
});
