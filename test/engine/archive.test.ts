import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packTar, type TarHeader } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { buildArchive } from '../../compiler/index.ts';
import { type ArchiveLimits, readTarGz } from '../../engine/archive.ts';
import { WEB_TOOLS } from '../../engine/archive-tools.ts';
import { InvalidBundleError, type Manifest, readArchive } from '../../engine/index.ts';
import { isBuilt } from '../../engine/read-archive.ts';
import { bundleOf, files } from '../bundles.ts';

type Entry = Partial<TarHeader> & { name: string; body?: string };

async function tarGz(entries: Entry[]): Promise<Uint8Array> {
  const packed = entries.map(({ body = '', ...header }) => ({
    header: { ...header, size: body.length },
    body,
  }));
  return gzipSync(await packTar(packed));
}

const SOURCES = {
  'p.cedar': '@id("p") permit(principal, action, resource);',
  's.cedarschema': 'entity U; entity D; action a appliesTo { principal: U, resource: D };',
  'entities.json': '[{"uid":{"type":"U","id":"u"},"attrs":{},"parents":[]}]',
  'tests/t.json': '[]',
};

async function built(): Promise<Uint8Array> {
  return buildArchive(await bundleOf(SOURCES), files(SOURCES), { builtFrom: { source: 'test' } });
}

describe('readTarGz', () => {
  it('reads regular files, with or without ./', async () => {
    const read = await readTarGz(
      await tarGz([
        { name: './a.cedar', body: 'x' },
        { name: 'd/', type: 'directory' },
        { name: 'd/b', body: '' },
      ]),
    );
    expect([...read].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
      ['a.cedar', 'x'],
      ['d/b', ''],
    ]);
  });

  it.each<[string, Entry[], RegExp]>([
    ['an absolute path', [{ name: '/etc/passwd', body: 'x' }], /absolute path/],
    ['a path upwards', [{ name: 'a/../../b', body: 'x' }], /\.\. in its path/],
    ['a symbolic link', [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }], /is a symlink/],
    ['a hard link', [{ name: 'a', type: 'link', linkname: 'b' }], /is a link/],
    ['a device', [{ name: 'a', type: 'character-device' }], /is a character-device/],
    [
      'a file twice',
      [
        { name: 'a', body: '1' },
        { name: './a', body: '2' },
      ],
      /in the archive twice/,
    ],
    ['a path with a backslash', [{ name: 'a\\b', body: 'x' }], /a backslash/],
    ['a path with a line break', [{ name: 'a\nb', body: 'x' }], /^"a\\nb":1:1: has a control character/],
    ['a path too long', [{ name: `${'d/'.repeat(127)}ab`, body: 'x' }], /more than 255 bytes/],
    ['a path with nothing in it', [{ name: 'a//b', body: 'x' }], /not a plain path/],
    ['a path with . in it', [{ name: 'a/./b', body: 'x' }], /not a plain path/],
    [
      'too many directories',
      Array.from({ length: 4 }, (_, index) => ({ name: `d${index}/`, type: 'directory' as const })),
      /more than the limit of 3/,
    ],
    [
      'too many files',
      Array.from({ length: 4 }, (_, index) => ({ name: `f${index}` })),
      /more than the limit of 3/,
    ],
  ])('refuses %s', async (_, entries, message) => {
    await expect(readTarGz(await tarGz(entries), { bytes: 1e6, files: 3 })).rejects.toThrow(message);
  });

  it('takes a path of 255 bytes', async () => {
    const name = `${'d/'.repeat(127)}a`;
    expect([...(await readTarGz(await tarGz([{ name, body: 'x' }]))).keys()]).toEqual([name]);
  });

  it('does not begin with an archive that is too large as it is', async () => {
    const tools = {
      ...WEB_TOOLS,
      gunzip: () => {
        throw new Error('it began');
      },
    };
    await expect(readTarGz(new Uint8Array(11), { packedBytes: 10 }, tools)).rejects.toThrow(
      'archive:1:1: has 11 bytes; the limit is 10',
    );
  });

  describe('stops unpacking a bomb', () => {
    const tools = (limits: number[], kept: number[]) => ({
      ...WEB_TOOLS,
      async gunzip(bytes: Uint8Array, limit: number) {
        limits.push(limit);
        const whole = await WEB_TOOLS.gunzip(bytes, limit);
        kept.push(whole?.byteLength ?? 0);
        return whole;
      },
    });
    const bomb = gzipSync(Buffer.alloc(50_000_000));

    it.each<[string, Partial<ArchiveLimits>, number, string]>([
      ['at the limit', { bytes: 1_000_000 }, 1_000_000, 'unpacks to more than the limit of 1000000 bytes'],
      [
        'at a ratio',
        {},
        bomb.byteLength * 100,
        `unpacks to more than 100 times its ${bomb.byteLength} bytes`,
      ],
      ['at 1 MiB and a ratio', { ratio: 2 }, 1_048_576, `more than 2 times its ${bomb.byteLength} bytes`],
    ])('%s', async (_, limits, expected, message) => {
      const [asked, kept]: [number[], number[]] = [[], []];
      await expect(readTarGz(bomb, limits, tools(asked, kept))).rejects.toThrow(message);
      expect([asked, kept]).toEqual([[expected], [0]]);
    });

    it('but takes what is alike and small', async () => {
      const archive = await tarGz([{ name: 'a', body: 'x'.repeat(1_000_000) }]);
      expect(archive.byteLength).toBeLessThan(5_000);
      expect((await readTarGz(archive)).get('a')?.byteLength).toBe(1_000_000);
    });
  });

  it.each<[string, (archive: Uint8Array) => Uint8Array]>([
    ['not gzip', () => Buffer.from('hello')],
    ['empty', () => new Uint8Array()],
    ['cut in the compressed stream', (archive) => archive.subarray(0, archive.byteLength - 20)],
    ['gzip of no tar', () => gzipSync(Buffer.alloc(2_000, 'x'))],
    ['a tar cut inside a file', () => gzipSync(Buffer.alloc(700, 'x'))],
  ])('refuses what is %s', async (_, damage) => {
    const archive = await tarGz([{ name: 'a', body: 'x'.repeat(5_000) }]);
    await expect(readTarGz(damage(archive))).rejects.toBeInstanceOf(InvalidBundleError);
  });
});

describe('readArchive', () => {
  it('gives back the bundle that was built', async () => {
    expect(await readArchive(await built())).toEqual(await bundleOf(SOURCES));
  });

  it('gives back one without a schema, and one with URL rules', async () => {
    const { 's.cedarschema': _, ...plain } = SOURCES;
    const urls = '[{"method":"GET","path":"/docs/{id}","action":"a","resource":"D"}]';
    for (const sources of [plain, { ...SOURCES, 'urls.json': urls }]) {
      const bundle = await bundleOf(sources);
      expect(await readArchive(await buildArchive(bundle, files(sources)))).toEqual(bundle);
    }
  });

  it('is told from sources that were packed', async () => {
    expect(isBuilt(await readTarGz(await built()))).toBe(true);
    expect(isBuilt(files(SOURCES))).toBe(false);
  });

  it('gives back the URL rules of a bundle', async () => {
    const sources = {
      ...SOURCES,
      'urls.json': '[{"method":"GET","path":"/d/{id}","action":"a","resource":{"type":"D","id":"{id}"}}]',
    };
    const bundle = await bundleOf(sources);
    expect(bundle.urlRules).toHaveLength(1);
    expect(await readArchive(await buildArchive(bundle, files(sources)))).toEqual(bundle);
  });

  it('refuses a manifest that is not UTF-8', async () => {
    const entries = await readTarGz(await built());
    const packed = [...entries].map(([name, bytes]) => {
      const body = name === 'manifest.json' ? Uint8Array.of(0x7b, 0xff, 0x7d) : bytes;
      return { header: { name, size: body.byteLength }, body };
    });
    await expect(readArchive(gzipSync(await packTar(packed)))).rejects.toThrow(
      'manifest.json:1:1: is not UTF-8 text',
    );
  });

  it('is built to the same bytes from the same sources', async () => {
    expect(Buffer.compare(await built(), await built())).toBe(0);
  });

  async function repacked(change: (entries: Map<string, Uint8Array>) => void): Promise<Uint8Array> {
    const entries = await readTarGz(await built());
    change(entries);
    const packed = [...entries].map(([name, body]) => ({ header: { name, size: body.byteLength }, body }));
    return gzipSync(await packTar(packed));
  }

  /** As if it had been built so: the manifest has the digests of what is there. */
  function withManifest(entries: Map<string, Uint8Array>, change: (manifest: Manifest) => void): void {
    const manifest: Manifest = JSON.parse(Buffer.from(entries.get('manifest.json') ?? []).toString());
    for (const path of Object.keys(manifest.files)) {
      manifest.files[path] = createHash('sha256')
        .update(entries.get(path) ?? '')
        .digest('hex');
    }
    change(manifest);
    entries.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
  }

  it('reads one that does not say by what it was checked', async () => {
    const archive = await repacked((e) => withManifest(e, (manifest) => delete manifest.checkedBy));
    expect(await readArchive(archive)).toEqual(await bundleOf(SOURCES));
  });

  it.each<[string, (entries: Map<string, Uint8Array>) => void, RegExp]>([
    [
      'a changed file',
      (e) => e.set('built/policies.json', Buffer.from('{}')),
      /built\/policies\.json:1:1: is not what the manifest says/,
    ],
    ['a missing file', (e) => e.delete('built/entities.json'), /in the manifest, but not in the archive/],
    ['a file put in', (e) => e.set('more.cedar', Buffer.from('')), /more\.cedar:1:1: is not in the manifest/],
    ['no manifest', (e) => e.delete('manifest.json'), /manifest\.json:1:1: is missing/],
    [
      'another format',
      (e) => e.set('manifest.json', Buffer.from('{"format":2}')),
      /not a manifest of format 1/,
    ],
    [
      'a file that is no text',
      (e) => withManifest(e.set('built/entities.json', Buffer.from([0xff])), () => {}),
      /built\/entities\.json:1:1: is not UTF-8 text/,
    ],
    ['a manifest that is no JSON', (e) => e.set('manifest.json', Buffer.from('{')), /is not JSON/],
  ])('refuses %s', async (_, change, message) => {
    await expect(readArchive(await repacked(change))).rejects.toThrow(message);
  });
});
