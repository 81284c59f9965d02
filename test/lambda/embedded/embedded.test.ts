import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { createEmbeddedPdp, type EmbeddedPdpOptions } from '../../../lambda/embedded/index.ts';
import { bundleDirectory, bundleFile, bundleFor, temporaryDirectory } from '../bundles.ts';

const asks = (id: string): AccessRequest => ({
  subject: { type: 'User', id },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
});

describe('the evaluator in the function', () => {
  test('decides from the path of a bundle, its URL, or its bytes', async () => {
    const path = await bundleFile(await temporaryDirectory(), 'alice');
    for (const bundle of [path, pathToFileURL(path), await bundleFor('alice')]) {
      const pdp = createEmbeddedPdp({ bundle });
      expect(await pdp.evaluate(asks('alice'))).toMatchObject({
        decision: true,
        context: { policies: ['one'] },
      });
      expect(await pdp.evaluate(asks('bob'))).toMatchObject({ decision: false, context: { policies: [] } });
      expect((await pdp.evaluateAll([asks('bob'), asks('alice')])).map(({ decision }) => decision)).toEqual([
        false,
        true,
      ]);
    }
  });

  test('decides from the directory of an unpacked bundle', async () => {
    const directory = await bundleDirectory(await temporaryDirectory(), 'alice');
    for (const bundle of [directory, pathToFileURL(directory), pathToFileURL(`${directory}/`)]) {
      const pdp = createEmbeddedPdp({ bundle });
      expect(await pdp.evaluate(asks('alice'))).toMatchObject({ decision: true });
      expect(await pdp.evaluate(asks('bob'))).toMatchObject({ decision: false });
    }
  });

  test.each<[string, (directory: string) => Promise<void>, string]>([
    ['is not built', (directory) => rm(join(directory, 'manifest.json')), 'manifest.json:1:1: is missing'],
    [
      'lacks a file',
      (directory) => rm(join(directory, 'built/policies.json')),
      'policies.json:1:1: is missing',
    ],
    [
      'is cut off',
      (directory) => truncate(join(directory, 'built/policies.json'), 20),
      'policies.json:1:1: is cut off',
    ],
  ])('a directory that %s is unavailable', async (_, damage, message) => {
    const directory = await bundleDirectory(await temporaryDirectory(), 'alice');
    await damage(directory);
    await expect(createEmbeddedPdp({ bundle: directory }).load()).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining(message),
    });
  });

  test('reads the bundle once: what happens to the file later does not matter', async () => {
    const path = await bundleFile(await temporaryDirectory(), 'alice');
    const pdp = createEmbeddedPdp({ bundle: path });
    await pdp.load();
    await writeFile(path, 'nonsense');
    expect(await pdp.evaluate(asks('alice'))).toMatchObject({ decision: true });
  });

  test('a bundle that cannot be used is unavailable, and is tried again with the next question', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'bundle.tar.gz');
    const pdp = createEmbeddedPdp({ bundle: path });
    await expect(pdp.evaluate(asks('alice'))).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining(path),
      cause: { code: 'ENOENT' },
    });
    await writeFile(path, 'nonsense');
    await expect(pdp.evaluate(asks('alice'))).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    await bundleFile(directory, 'alice');
    expect(await pdp.evaluate(asks('alice'))).toMatchObject({ decision: true });
  });

  test('a bundle that was changed after it was built is not used', async () => {
    const bytes = await bundleFor('alice');
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await expect(createEmbeddedPdp({ bundle: bytes }).load()).rejects.toMatchObject({
      name: 'PdpUnavailableError',
    });
  });

  test('a request that is none rejects as such', async () => {
    const pdp = createEmbeddedPdp({ bundle: await bundleFor('alice') });
    await expect(pdp.evaluate({ ...asks('alice'), subject: {} as never })).rejects.toMatchObject({
      name: 'InvalidRequestError',
    });
  });

  test.each<[unknown, string]>([
    [undefined, 'the options must be an object'],
    [{}, 'bundle must be the path'],
    [{ bundle: '' }, 'bundle must be the path'],
    [{ bundle: new Uint8Array() }, 'bundle must be the path'],
    [{ bundle: new URL('https://example.com/bundle.tar.gz') }, 'bundle must be the path'],
    [{ bundle: 'x', policies: 'y' }, 'unknown option "policies"'],
  ])('refuses the options %j', (options, message) => {
    expect(() => createEmbeddedPdp(options as EmbeddedPdpOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    );
  });
});
