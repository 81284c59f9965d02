import { type AddressInfo, createServer } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { httpSource } from '../../../pdp-container/source/http-source.ts';
import { SourceError } from '../../../pdp-container/source/remote-source.ts';
import { whenDone } from '../support/bundles.ts';

const ARCHIVE = gzipSync('a bundle that is a little longer than its header');
const SECRET = 'do-not-repeat';

const headers = fc.array(
  fc.oneof(
    {
      arbitrary: fc.constantFrom('ETag: "one"', 'ETag: "two"', 'Connection: close', `X-Reason: ${SECRET}`),
      weight: 8,
    },
    fc.constantFrom(
      'Content-Type: application/vnd.openpolicyagent.bundles',
      'Content-Encoding: gzip',
      'Content-Encoding: br',
      'Transfer-Encoding: chunked',
      `Content-Length: ${ARCHIVE.length}`,
      `Content-Length: ${ARCHIVE.length + 1}`,
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'ETag: W/"one"',
      'ETag:',
      `Location: http://127.0.0.1:1/${SECRET}`,
      `Location: https://${SECRET}.invalid:x/`,
    ),
    fc.string({ maxLength: 30 }),
  ),
  { maxLength: 4 },
);
const status = fc.oneof(
  { arbitrary: fc.constant(200), weight: 9 },
  { arbitrary: fc.constantFrom(204, 206, 301, 304, 400, 401, 404, 500, 503), weight: 9 },
  { arbitrary: fc.integer({ min: 0, max: 1_200 }), weight: 1 },
);
const body = fc.oneof(
  { arbitrary: fc.constant(ARCHIVE), weight: 4 },
  fc.nat(ARCHIVE.length).map((length) => ARCHIVE.subarray(0, length)),
  fc.constant(
    Buffer.concat([Buffer.from(`${ARCHIVE.length.toString(16)}\r\n`), ARCHIVE, Buffer.from('\r\n0\r\n\r\n')]),
  ),
  fc.tuple(fc.nat(ARCHIVE.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
    const other = Buffer.from(ARCHIVE);
    other[at] = (other[at] ?? 0) ^ mask;
    return other;
  }),
  fc.constant(Buffer.from(SECRET)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

it('makes of any answer a whole archive, nothing new, or a reason that repeats none of it', async () => {
  let answer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  whenDone(async () => void server.close());
  const { port } = server.address() as AddressInfo;
  const outcomes = { archive: 0, nothing: 0, reason: 0 };
  await fc.assert(
    fc.asyncProperty(status, headers, body, fc.boolean(), async (code, lines, content, known) => {
      answer = Buffer.concat([
        Buffer.from(`HTTP/1.1 ${code} ${SECRET}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`),
        content,
      ]);
      const source = httpSource(`http://127.0.0.1:${port}/b.tar.gz`, {
        limits: { archiveBytes: 1_000, fetchMs: 20_000 },
      });
      try {
        const fetched = await source.fetch(known ? 'etag:"one"' : undefined, new AbortController().signal);
        outcomes[fetched === undefined ? 'nothing' : 'archive'] += 1;
        if (fetched === undefined) expect(known).toBe(true);
        else expect(gunzipSync(fetched.archive)).toBeInstanceOf(Buffer);
      } catch (error) {
        outcomes.reason += 1;
        expect(error).toBeInstanceOf(SourceError);
        expect((error as Error).message).not.toContain(SECRET);
      } finally {
        source.close?.();
      }
    }),
    { numRuns: 400 },
  );
  // Each of the three has been seen.
  expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(3);
});
