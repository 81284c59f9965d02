import { expect, it } from 'vitest';
import { RemoteLayer } from '../../../pdp-container/source/remote-layer.ts';
import { whenDone } from '../support/bundles.ts';
import { FakePacing, FakeRemote } from './fake-remote.ts';

it('tells of no change when what a source has is only called otherwise', async () => {
  const [source, pacing] = [new FakeRemote(), new FakePacing()];
  const layer = new RemoteLayer(source, 10_000, pacing);
  const told: string[] = [];
  whenDone(() => layer.stop());
  void layer.start({
    changed: async () => void told.push('changed'),
    confirmed: () => void told.push('confirmed'),
    failed: () => void told.push('failed'),
  });
  for (const [tag, archive] of [
    ['1', 'one'],
    ['2', 'one'],
    ['3', 'other'],
  ] as const) {
    await source.answer(tag, Buffer.from(archive));
    await pacing.pass();
  }
  expect(told).toEqual(['changed', 'confirmed', 'changed']);
  expect(source.asked).toEqual([undefined, '1', '2', '3']);
  expect((await layer.content())?.content).toEqual({ archive: Buffer.from('other') });
});
