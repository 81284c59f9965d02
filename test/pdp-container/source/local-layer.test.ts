import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { LocalLayer } from '../../../pdp-container/source/local-layer.ts';
import { temporaryDirectory } from '../support/bundles.ts';

const NO_EVENTS = { changed: async () => {}, confirmed: () => {}, failed: () => {} };

it('reads an archive as it is now, up to its limit', async () => {
  const path = join(await temporaryDirectory(), 'b.tar.gz');
  await writeFile(path, 'four');
  const layer = new LocalLayer({ kind: 'archive', path, fingerprint: async () => '' }, 0, 4);
  expect([layer.name, layer.checkedAt]).toEqual([path, undefined]);
  expect(await layer.content()).toEqual({ content: { archive: Buffer.from('four') } });
  expect(layer.checkedAt).toBeInstanceOf(Date);
  await writeFile(path, 'fives');
  await expect(layer.content()).rejects.toThrow('has 5 bytes; the limit is 4');
});

it('does not begin to look when it was stopped meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const first = Promise.withResolvers<string>();
  let looks = 0;
  const fingerprint = () => {
    looks += 1;
    return looks === 1 ? first.promise : Promise.reject(new Error('it looked again'));
  };
  const layer = new LocalLayer({ kind: 'directory', path: '/x', fingerprint }, 1, 1);
  const start = layer.start(NO_EVENTS);
  await layer.stop();
  first.resolve('');
  await start;
  await vi.advanceTimersByTimeAsync(100);
  expect(looks).toBe(1);
});
