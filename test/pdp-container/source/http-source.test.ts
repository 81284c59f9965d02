import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { httpSource } from '../../../pdp-container/source/http-source.ts';
import type { RemoteSource } from '../../../pdp-container/source/remote-source.ts';
import { type BundleServer, type BundleServerOptions, startBundleServer } from '../support/bundle-server.ts';
import { whenDone } from '../support/bundles.ts';

const LIMITS = { archiveBytes: 1_000_000, fetchMs: 20_000 };
const never = new AbortController().signal;

async function serverWith(archive: Uint8Array, options?: BundleServerOptions): Promise<BundleServer> {
  const server = await startBundleServer(options);
  server.publish(archive);
  whenDone(() => server.close());
  return server;
}

function sourceOf(
  url: string,
  { token, ...limits }: { token?: string } & Partial<typeof LIMITS> = {},
): RemoteSource {
  const source = httpSource(url, { token, limits: { ...LIMITS, ...limits } });
  whenDone(async () => source.close?.());
  return source;
}

const archiveOf = (text: string) => gzipSync(text);
const ONE = archiveOf('one');
const TWO = archiveOf('two');
/** What gzip cannot make smaller. */
const LARGE = gzipSync(randomBytes(200_000));

it('fetches what is there, and then only what is new', async () => {
  const server = await serverWith(ONE);
  const source = sourceOf(server.url);
  const first = await source.fetch(undefined, never);
  expect(first).toEqual({ archive: ONE, tag: expect.stringMatching(/^etag:"[0-9a-f]{32}"$/) });
  expect(await source.fetch(first?.tag, never)).toBeUndefined();
  server.publish(TWO);
  const second = await source.fetch(first?.tag, never);
  expect(second?.archive).toEqual(TWO);
  expect(second?.tag).not.toBe(first?.tag);
  expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
    undefined,
    first?.tag.slice(5),
    first?.tag.slice(5),
  ]);
  expect(server.requests[0]?.headers).toMatchObject({
    'accept-encoding': 'identity',
    prefer: 'modes=snapshot;wait=30',
  });
});

it('tells by a digest what is new of a server without ETags', async () => {
  const server = await serverWith(ONE, { etags: false });
  const source = sourceOf(server.url);
  const first = await source.fetch(undefined, never);
  expect(first?.tag).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await source.fetch(first?.tag, never)).toBeUndefined();
  server.publish(TWO);
  expect((await source.fetch(first?.tag, never))?.archive).toEqual(TWO);
  expect(server.requests.some(({ headers }) => 'if-none-match' in headers)).toBe(false);
});

it.each([true, false])('ends up with what was published last, with ETags: %s', async (etags) => {
  const server = await serverWith(ONE, { etags });
  const source = sourceOf(server.url);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1 }), async (steps) => {
      let held: { archive: Uint8Array; tag: string } | undefined;
      let published: Uint8Array = ONE;
      server.publish(ONE);
      for (const [content, look] of [...steps, [0, true] as const]) {
        published = archiveOf(String(content));
        server.publish(published);
        if (!look) continue;
        const before = held?.archive;
        const fetched = await source.fetch(held?.tag, never);
        // Nothing when, and only when, it is the same as before.
        expect(fetched === undefined).toBe(before !== undefined && Buffer.compare(before, published) === 0);
        held = fetched ?? held;
        expect(held?.archive).toEqual(published);
      }
    }),
    { numRuns: 30 },
  );
});

it('does not read again what has the same ETag, of a server that does not heed If-None-Match', async () => {
  const server = await serverWith(ONE, { etags: false });
  server.headers = { etag: '"fixed"' };
  const source = sourceOf(server.url);
  const first = await source.fetch(undefined, never);
  expect(first?.tag).toBe('etag:"fixed"');
  server.fault = 'endless';
  expect(await source.fetch(first?.tag, never)).toBeUndefined();
});

it('lets a server that says so hold the question until there is something new', async () => {
  const server = await serverWith(ONE, { longPolling: true });
  const source = sourceOf(server.url);
  expect(source.waits).toBe(false);
  const first = await source.fetch(undefined, never);
  expect(source.waits).toBe(true);
  const changed = source.fetch(first?.tag, never);
  await server.held();
  server.publish(TWO);
  const second = await changed;
  expect(second?.archive).toEqual(TWO);
  const over = source.fetch(second?.tag, never);
  await server.held();
  server.release();
  expect(await over).toBeUndefined();
  // A 304 says nothing of the type.
  expect(source.waits).toBe(true);
});

it('gives up a question that is held, or that gets no answer, at once', async () => {
  const server = await serverWith(ONE, { longPolling: true });
  const source = sourceOf(server.url);
  const first = await source.fetch(undefined, never);
  const stop = new AbortController();
  const held = source.fetch(first?.tag, stop.signal);
  await server.held();
  stop.abort();
  await expect(held).rejects.toMatchObject({ name: 'SourceError', message: 'it is not asked any more' });
  await expect(source.fetch(undefined, AbortSignal.abort())).rejects.toThrow('it is not asked any more');
});

it('leaves no connection open when it is closed', async () => {
  const server = await serverWith(ONE);
  const source = sourceOf(server.url);
  const first = await source.fetch(undefined, never);
  await source.fetch(first?.tag, never);
  expect(server.connections()).toBe(1);
  source.close?.();
  await server.quiet();
});

it('asks again when a connection that was left open is gone', async () => {
  const server = await serverWith(ONE);
  const source = sourceOf(server.url);
  await source.fetch(undefined, never);
  server.fault = 'reset-reused';
  expect((await source.fetch(undefined, never))?.archive).toEqual(ONE);
  expect(server.requests).toHaveLength(3);
});

it.each([
  ['truncated', 'the connection broke off (ECONNRESET)'],
  ['truncated-chunks', 'the connection broke off (ECONNRESET)'],
  ['error', 'it answered 500'],
  ['wrong-type', 'it answered 200, but not with a .tar.gz: is it the page of a proxy or a log-in?'],
  ['corrupt', 'its archive was damaged on the way: the checksum of its gzip does not hold'],
  ['endless', 'its archive is larger than 1000000 bytes, the most that is taken'],
] as const)('takes no bundle from an answer that is %s', async (fault, message) => {
  const server = await serverWith(LARGE);
  const source = sourceOf(server.url);
  const { tag } = (await source.fetch(undefined, never)) ?? {};
  server.fault = fault;
  server.publish(ONE);
  await expect(source.fetch(tag, never)).rejects.toMatchObject({ name: 'SourceError', message });
  // It is not remembered, not even when it had the same ETag as the whole one.
  server.fault = undefined;
  expect((await source.fetch(tag, never))?.archive).toEqual(ONE);
});

it.each(['hang', 'hang-body'] as const)('does not wait for ever: %s', async (fault) => {
  const server = await serverWith(ONE);
  server.fault = fault;
  const source = sourceOf(server.url, { fetchMs: 50 });
  await expect(source.fetch(undefined, never)).rejects.toThrow('it did not answer in whole within 0.05 s');
});

it('refuses an archive whose length is over the limit before it is read', async () => {
  const server = await serverWith(LARGE);
  server.fault = 'hang-body';
  const source = sourceOf(server.url, { archiveBytes: LARGE.length - 1 });
  await expect(source.fetch(undefined, never)).rejects.toThrow(`larger than ${LARGE.length - 1} bytes`);
  server.fault = undefined;
  expect(
    (await sourceOf(server.url, { archiveBytes: LARGE.length }).fetch(undefined, never))?.archive,
  ).toEqual(LARGE);
});

it('leaves an archive that unpacks to very much to who reads it', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  bomb[bomb.length - 1] = 0xff;
  const server = await serverWith(bomb);
  expect((await sourceOf(server.url).fetch(undefined, never))?.archive).toEqual(bomb);
});

it('says when there is no server, and works again when there is', async () => {
  const server = await serverWith(ONE);
  const source = sourceOf(server.url);
  server.down();
  await expect(source.fetch(undefined, never)).rejects.toThrow('the connection broke off (ECONNRESET)');
  server.up();
  expect((await source.fetch(undefined, never))?.archive).toEqual(ONE);
  await server.close();
  await expect(source.fetch(undefined, never)).rejects.toThrow('no server listens there (ECONNREFUSED)');
});

it('sends its token, and says what to do when it is not taken', async () => {
  const server = await serverWith(ONE, { token: 'right' });
  expect((await sourceOf(server.url, { token: 'right' }).fetch(undefined, never))?.archive).toEqual(ONE);
  await expect(sourceOf(server.url).fetch(undefined, never)).rejects.toThrow(
    'it answered 401: it asks who wants to read it; set PDP_SOURCE_TOKEN to a token',
  );
  await expect(sourceOf(server.url, { token: 'wrong' }).fetch(undefined, never)).rejects.toThrow(
    'it answered 403: the token of PDP_SOURCE_TOKEN is not one that may read it',
  );
  await expect(sourceOf(`${server.origin}/other`).fetch(undefined, never)).rejects.toThrow('it answered 401');
});

it('says when nothing is there', async () => {
  const server = await startBundleServer();
  whenDone(() => server.close());
  await expect(sourceOf(server.url).fetch(undefined, never)).rejects.toThrow(
    'it answered 404: there is nothing at this address',
  );
});

it.each([
  ['called a tar with gzip around it, which it is', ONE, 'gzip', ONE],
  ['packed once more', gzipSync(ONE), 'gzip', ONE],
  ['packed once more, by its old name', gzipSync(ONE), 'X-Gzip', ONE],
  ['said to be what it is', ONE, 'identity', ONE],
] as const)('reads an archive that is %s', async (_, sent, encoding, archive) => {
  const server = await serverWith(sent);
  server.headers = { 'content-encoding': encoding };
  const fetched = await sourceOf(server.url).fetch(undefined, never);
  expect(Buffer.from(fetched?.archive ?? [])).toEqual(archive);
});

it.each([
  [
    'unpacks to more than the limit',
    gzipSync(Buffer.concat([ONE, Buffer.alloc(3_000_000)])),
    'gzip',
    'its archive is larger than 1000000 bytes, the most that is taken',
  ],
  [
    'is encoded in another way',
    ONE,
    'br',
    'it sends the archive in another Content-Encoding than it was asked for',
  ],
  [
    'is broken',
    gzipSync(LARGE).subarray(0, 5_000),
    'gzip',
    'its Content-Encoding is gzip, which the answer is not',
  ],
])('refuses an archive that %s', async (_, sent, encoding, message) => {
  const server = await serverWith(sent);
  server.headers = { 'content-encoding': encoding };
  await expect(sourceOf(server.url).fetch(undefined, never)).rejects.toMatchObject({
    name: 'SourceError',
    message,
  });
});
