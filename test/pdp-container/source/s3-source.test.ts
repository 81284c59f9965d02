import { afterEach, expect, it, vi } from 'vitest';
import type { RemoteSource } from '../../../pdp-container/source/remote-source.ts';
import { s3Source } from '../../../pdp-container/source/s3-source.ts';
import { whenDone } from '../support/bundles.ts';
import { type S3Server, type S3ServerOptions, startS3Server } from '../support/s3-server.ts';
import { startTaskRole } from '../support/task-role.ts';

const LIMITS = { archiveBytes: 100_000, fetchMs: 20_000 };
const ADDRESS = 's3://policies/team/bundle.tar.gz';
const never = new AbortController().signal;
const ONE = Buffer.from('one');
const TWO = Buffer.from('two');

afterEach(() => vi.unstubAllEnvs());

function stubEnvironment(env: Record<string, string>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

/** A server that the SDK finds by the environment, with an object; and a source of it. */
async function started(
  options: S3ServerOptions & Partial<typeof LIMITS> & { address?: string; content?: Uint8Array } = {},
): Promise<{ server: S3Server; source: RemoteSource }> {
  const { address = ADDRESS, content = ONE, archiveBytes, fetchMs, ...rest } = options;
  const server = await startS3Server(rest);
  server.put('policies', 'team/bundle.tar.gz', content);
  stubEnvironment(server.env);
  const limits = { archiveBytes: archiveBytes ?? LIMITS.archiveBytes, fetchMs: fetchMs ?? LIMITS.fetchMs };
  const source = s3Source(address, { limits });
  whenDone(async () => {
    source.close?.();
    await server.close();
  });
  return { server, source };
}

it('fetches what is there, and then only what is new', async () => {
  const { server, source } = await started();
  const first = await source.fetch(undefined, never);
  expect(first).toEqual({ archive: ONE, tag: '"f97c5d29941bfb1b2fdab0874906ab82"version-000001' });
  expect(await source.fetch(first?.tag, never)).toBeUndefined();
  server.put('policies', 'team/bundle.tar.gz', TWO);
  const second = await source.fetch(first?.tag, never);
  expect(second).toEqual({ archive: TWO, tag: expect.stringMatching(/^"[0-9a-f]{32}"version-000002$/) });
  expect(server.calls.map(({ operation, headers }) => [operation, headers['if-none-match']])).toEqual([
    ['GetObject', undefined],
    ['GetObject', '"f97c5d29941bfb1b2fdab0874906ab82"'],
    ['GetObject', '"f97c5d29941bfb1b2fdab0874906ab82"'],
  ]);
});

it('reads a bucket without versions, and the one version that an address names', async () => {
  const { source } = await started({ buckets: { policies: { versioned: false } } });
  expect((await source.fetch(undefined, never))?.tag).toBe('"f97c5d29941bfb1b2fdab0874906ab82"');

  const pinned = await started({ address: `${ADDRESS}?versionId=version-000001` });
  pinned.server.put('policies', 'team/bundle.tar.gz', TWO);
  expect((await pinned.source.fetch(undefined, never))?.archive).toEqual(ONE);
  expect(pinned.source.name).toBe(`${ADDRESS}?versionId=version-000001`);
});

it('finds the region of a bucket when nothing names one', async () => {
  const { server, source } = await started({ buckets: { policies: { region: 'ap-south-1' } } });
  vi.stubEnv('AWS_REGION', undefined);
  vi.stubEnv('AWS_DEFAULT_REGION', undefined);
  const first = await source.fetch(undefined, never);
  expect(first?.archive).toEqual(ONE);
  expect(await source.fetch(first?.tag, never)).toBeUndefined();
  const regions = server.calls.map(({ headers }) => headers.authorization?.split('/')[2]);
  expect(regions.slice(0, 2)).toEqual(['us-east-1', 'ap-south-1']);
});

it.each(['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'])('puts the bucket in the path at %s', async (name) => {
  const { server, source } = await started();
  vi.stubEnv('AWS_ENDPOINT_URL_S3', undefined);
  vi.stubEnv(name, server.url.replace('127.0.0.1', 'localhost'));
  expect((await source.fetch(undefined, never))?.archive).toEqual(ONE);
});

it('has the credentials of the role of its task', async () => {
  const { server, source } = await started();
  stubEnvironment(await startTaskRole('stand-in'));
  expect((await source.fetch(undefined, never))?.archive).toEqual(ONE);
  expect(server.calls.at(-1)?.headers['x-amz-security-token']).toBe('session');
});

it.each([
  [
    'AccessDenied',
    403,
    /^S3 denies access: the role needs s3:GetObject on arn:aws:s3:::policies\/team\/bundle.tar.gz, /,
  ],
  ['NoSuchKey', 404, 'there is no such object in the bucket: has nothing been published yet?'],
  ['NoSuchBucket', 404, 'there is no bucket policies'],
  ['ExpiredToken', 400, 'S3 does not take the AWS credentials (ExpiredToken)'],
  ['InvalidAccessKeyId', 403, 'S3 does not take the AWS credentials (InvalidAccessKeyId)'],
  ['RequestTimeTooSkewed', 403, 'S3 does not take the time of this machine: its clock is off'],
  ['InvalidObjectState', 403, 'the object is archived: it has to be restored before it can be read'],
  ['SlowDown', 503, 'S3 answered 503 (SlowDown)'],
  ['InternalError', 500, 'S3 answered 500 (InternalError)'],
  ['Teapot', 418, 'S3 answered 418 (Teapot)'],
])('says what to do about %s', async (code, status, message) => {
  const { server, source } = await started();
  server.refuse('GetObject', status, code);
  await expect(source.fetch(undefined, never)).rejects.toMatchObject({
    name: 'SourceError',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
  // Once more at most, and for what may pass.
  expect(server.calls.length).toBeLessThanOrEqual(status >= 500 ? 2 : 1);
});

it('says what is missing when what is not there may not be told', async () => {
  const { server, source } = await started({ address: 's3://policies/other.tar.gz' });
  await expect(source.fetch(undefined, never)).rejects.toThrow('there is no such object');
  server.mayList = false;
  await expect(source.fetch(undefined, never)).rejects.toThrow(
    'without s3:ListBucket on the bucket, what is not there is denied, too',
  );
});

it('says that there are no credentials', async () => {
  const { source } = await started();
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
  await expect(source.fetch(undefined, never)).rejects.toThrow('there are no AWS credentials: give the task');
});

it.each([
  ['truncated', 'S3: the connection broke off (ECONNRESET)'],
  ['corrupt', 'what S3 sent is not what its checksum says'],
] as const)('takes no bundle from an answer that is %s', async (fault, message) => {
  const { server, source } = await started({ content: Buffer.alloc(50_000) });
  server.fault = fault;
  await expect(source.fetch(undefined, never)).rejects.toMatchObject({ name: 'SourceError', message });
  server.fault = undefined;
  expect((await source.fetch(undefined, never))?.archive).toEqual(Buffer.alloc(50_000));
});

it.each(['hang', 'hang-body'] as const)('does not wait for ever: %s', async (fault) => {
  const { server, source } = await started({ fetchMs: 200 });
  server.fault = fault;
  await expect(source.fetch(undefined, never)).rejects.toThrow('S3 did not answer in whole within 0.2 s');
});

it('gives up at once when it is told to: before an answer, within one, and while credentials are looked for', async () => {
  const { server, source } = await started();
  for (const fault of ['hang', 'hang-body'] as const) {
    server.fault = fault;
    const stop = new AbortController();
    server.before = () => stop.abort();
    await expect(source.fetch(undefined, stop.signal)).rejects.toThrow('it is not asked any more');
  }
  const stop = new AbortController();
  stubEnvironment(await startTaskRole(undefined, () => stop.abort()));
  const other = s3Source(ADDRESS, { limits: LIMITS });
  await expect(other.fetch(undefined, stop.signal)).rejects.toThrow('it is not asked any more');
  other.close?.();
});

it('refuses an object that is larger than the limit before it is read', async () => {
  const { server, source } = await started({ content: Buffer.alloc(1_001), archiveBytes: 1_000 });
  server.fault = 'hang-body';
  await expect(source.fetch(undefined, never)).rejects.toThrow(
    'its archive is larger than 1000 bytes, the most that is taken',
  );
});

it('stops reading an object of no length when it is larger than the limit', async () => {
  const { server, source } = await started({ content: Buffer.alloc(1_000) });
  server.fault = 'endless';
  await expect(source.fetch(undefined, never)).rejects.toThrow('its archive is larger than 100000 bytes');
});

it('says when S3 is not there, works again when it is, and closes its connections', async () => {
  const { server, source } = await started();
  server.down();
  await expect(source.fetch(undefined, never)).rejects.toThrow('S3: the connection broke off (ECONNRESET)');
  server.up();
  expect((await source.fetch(undefined, never))?.archive).toEqual(ONE);
  expect(server.connections()).toBe(1);
  source.close?.();
  await server.quiet();
});
