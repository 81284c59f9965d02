import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { type OpaServer, request, startOpa } from './support.ts';

let server: OpaServer;
beforeAll(async () => {
  server = await startOpa({ limits: { bodyBytes: 1_000 } });
});
afterAll(cleanUp);

const BODY = JSON.stringify({ input: request('bob', 'view', 'one') });

async function answered(body: string | Buffer, headers: Record<string, string> = {}) {
  const { status, json } = await server.ask('/v1/data/authzen/allow', { method: 'POST', body, headers });
  const { result, code, message } = json as Record<string, unknown>;
  return status === 200 ? { status, result } : { status, code, message };
}

it.each([
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
])('is JSON, be it called %s', async (type) => {
  expect(await answered(BODY, { 'content-type': type })).toEqual({ status: 200, result: true });
});

it.each(['application/yaml', 'application/x-yaml', 'text/yaml; charset=utf-8'])(
  'is not YAML, which OPA takes: %s',
  async (type) => {
    expect(await answered(BODY, { 'content-type': type })).toEqual({
      status: 400,
      code: 'invalid_parameter',
      message: 'Content-Type: must be application/json; YAML is not supported',
    });
  },
);

describe('in gzip', () => {
  const GZIP = { 'content-encoding': 'gzip' };

  it.each(['gzip', 'GZIP'])('called %s', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    expect(await answered(gzipSync(BODY), headers)).toEqual({ status: 200, result: true });
  });

  it('of nothing is no body', async () => {
    expect(await answered(gzipSync(''), GZIP)).toEqual({ status: 200, result: undefined });
    expect(await answered('', GZIP)).toEqual({ status: 200, result: undefined });
  });

  it.each([
    ['no gzip at all', Buffer.from(BODY)],
    ['the half of it', gzipSync(BODY).subarray(0, 40)],
  ])('%s is refused', async (_, body) => {
    expect(await answered(body, GZIP)).toEqual({
      status: 400,
      code: 'invalid_parameter',
      message: 'body: is not in gzip, as Content-Encoding says',
    });
  });

  it('is held to the body limit once unzipped', async () => {
    const padded = (bytes: number) => gzipSync(BODY.padEnd(bytes, ' '));
    expect(await answered(padded(1_000), GZIP)).toEqual({ status: 200, result: true });
    expect(await answered(padded(1_001), GZIP)).toEqual({
      status: 413,
      code: 'invalid_parameter',
      message: 'body: is larger than 1000 bytes',
    });
    expect(await answered(padded(50_000_000).subarray(0), GZIP)).toMatchObject({ status: 413 });
  });
});

it('with identity is as it is', async () => {
  expect(await answered(BODY, { 'content-encoding': 'Identity' })).toEqual({ status: 200, result: true });
});

it.each(['br', 'deflate', 'gzip, gzip', 'zstd'])('in %s is refused', async (encoding) => {
  expect(await answered(BODY, { 'content-encoding': encoding })).toEqual({
    status: 400,
    code: 'invalid_parameter',
    message: 'Content-Encoding: must be gzip, or not be there',
  });
});

it('too large is a 413', async () => {
  expect(await answered(BODY.padEnd(1_001, ' '))).toEqual({
    status: 413,
    code: 'invalid_parameter',
    message: 'body: is larger than 1000 bytes',
  });
});

it('too deep is a 400', async () => {
  expect(await answered(`${'['.repeat(65)}${']'.repeat(65)}`)).toEqual({
    status: 400,
    code: 'invalid_parameter',
    message: 'body: nests deeper than 64 levels',
  });
});
