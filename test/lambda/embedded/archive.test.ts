import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WEB_TOOLS } from '../../../engine/archive-tools.ts';
import { NODE_TOOLS } from '../../../lambda/embedded/archive.ts';

describe.each([
  ['the web', WEB_TOOLS],
  ['Node', NODE_TOOLS],
])('the tools of %s', (_, { gunzip, sha256 }) => {
  const content = Buffer.alloc(100_000, 'x');

  it('unpack what is within the limit, and nothing beyond', async () => {
    expect(Buffer.from((await gunzip(gzipSync(content), 100_000)) ?? []).equals(content)).toBe(true);
    expect(await gunzip(gzipSync(content), 99_999)).toBeUndefined();
  });

  it.each([
    ['is cut off', gzipSync(content).subarray(0, 60)],
    ['is not gzip', content],
    ['is empty', Buffer.alloc(0)],
  ])('refuse what %s', async (_, bytes) => {
    await expect(async () => gunzip(bytes, 1e6)).rejects.toThrow();
  });

  it('digest', async () => {
    expect(await sha256(Buffer.from('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
