import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { httpSource } from '../../pdp-container/source/http-source.ts';
import { DEFAULT_FETCH_LIMITS, type Fetched, SourceError } from '../../pdp-container/source/remote-source.ts';
import { withCleanup } from './support/cleanup.ts';
import { eventually, freePort } from './support/http.ts';
import { start } from './support/processes.ts';

export const title = 'nginx as a server of bundles: ETags, a token, redirects, and the ways it has with gzip';

const TOKEN = 'of-the-pdp';

/** Another server than the tests' own: whoever has files on one gives its address. */
const configuration = (directory: string, port: number) => `
  events {}
  http {
    access_log off;
    default_type application/octet-stream;
    server {
      listen 127.0.0.1:${port};
      root ${join(directory, 'files')};
      location /closed/ {
        if ($http_authorization != "Bearer ${TOKEN}") { return 401; }
        alias ${join(directory, 'files')}/;
      }
      location = /latest { return 302 /bundle.tar.gz; }
      location /called-a-tar/ { alias ${join(directory, 'files')}/; add_header Content-Encoding gzip; }
      location /packed-again/ { alias ${join(directory, 'files')}/; gzip_static always; }
      location = /login { default_type text/html; return 200 "<title>Log in</title>"; }
    }
  }
`;

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-files-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    // nginx's workers are another user.
    await chmod(directory, 0o755);
    await mkdir(join(directory, 'files'));
    const publish = async (archive: Uint8Array) => {
      for (const [name, content] of [
        ['bundle.tar.gz', archive],
        ['bundle.tar.gz.gz', gzipSync(archive)],
      ] as const) {
        await writeFile(join(directory, 'new'), content, { mode: 0o644 });
        await rename(join(directory, 'new'), join(directory, 'files', name));
      }
    };
    const [one, two] = [gzipSync('one'), gzipSync('another one')];
    await publish(one);
    const port = await freePort();
    await writeFile(join(directory, 'nginx.conf'), configuration(directory, port));
    const nginx = start('nginx', [
      ...['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'],
      ...['-g', `daemon off; pid ${join(directory, 'nginx.pid')};`],
    ]);
    defer(() => nginx.stop());
    const base = `http://127.0.0.1:${port}`;
    const fetchFrom = async (path: string, tag?: string, token?: string): Promise<Fetched | undefined> => {
      const source = httpSource(`${base}${path}`, { token, limits: DEFAULT_FETCH_LIMITS });
      try {
        return await source.fetch(tag, new AbortController().signal);
      } finally {
        source.close?.();
      }
    };
    const archiveAt = async (path: string, token?: string) =>
      Buffer.from((await fetchFrom(path, undefined, token))?.archive ?? []);

    const first = await eventually(() => fetchFrom('/bundle.tar.gz'), 10_000);
    assert.deepEqual(Buffer.from(first?.archive ?? []), one);
    assert.match(first?.tag ?? '', /^etag:"[0-9a-f]+-[0-9a-f]+"$/);
    assert.equal(await fetchFrom('/bundle.tar.gz', first?.tag), undefined, 'nothing new');

    for (const path of ['/latest', '/called-a-tar/bundle.tar.gz', '/packed-again/bundle.tar.gz']) {
      assert.deepEqual(await archiveAt(path), one, path);
    }
    assert.deepEqual(await archiveAt('/closed/bundle.tar.gz', TOKEN), one, 'with the token');
    await refuses(fetchFrom('/closed/bundle.tar.gz'), /^it answered 401: /);
    await refuses(fetchFrom('/closed/bundle.tar.gz', undefined, 'another'), /^it answered 401: the token /);
    await refuses(fetchFrom('/missing.tar.gz'), /^it answered 404: /);
    await refuses(fetchFrom('/login'), /^it answered 200, but not with a \.tar\.gz/);

    await publish(two);
    const second = await fetchFrom('/bundle.tar.gz', first?.tag);
    assert.deepEqual(Buffer.from(second?.archive ?? []), two);
    assert.notEqual(second?.tag, first?.tag);
  });
}

async function refuses(fetched: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(fetched, (error) => {
    assert.ok(error instanceof SourceError);
    assert.match(error.message, message);
    return true;
  });
}
