import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { certificates } from '../lambda/certificates.ts';

const program = fileURLToPath(new URL('../../pdp-container/healthcheck.ts', import.meta.url));
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

async function check(env: Record<string, string>): Promise<{ exitCode: number | null; stderr: string }> {
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [[exitCode], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
  return { exitCode: exitCode as number | null, stderr };
}

/** Answers `/healthcheck` alone, so that asking anything else is noticed. */
const answer =
  (status: number): RequestListener =>
  (request, response) =>
    response.writeHead(request.url === '/healthcheck' ? status : 404).end();

test.each([
  ['', 'unset'],
  ['127.0.0.1', 'an address'],
  ['0.0.0.0', 'every address'],
  ['::', 'every address of IPv6 too'],
])('healthy when the server answers 200, with PDP_HOST %j (%s)', async (host) => {
  const port = await listening(createHttpServer(answer(200)));
  expect(await check({ PDP_PORT: port, PDP_HOST: host })).toEqual({ exitCode: 0, stderr: '' });
});

test.each([503, 404, 401, 302])('not healthy when the server answers %i', async (status) => {
  const port = await listening(createHttpServer(answer(status)));
  expect(await check({ PDP_PORT: port })).toEqual({
    exitCode: 1,
    stderr: `not healthy: status ${status}\n`,
  });
});

test('not healthy when nothing listens', async () => {
  const server = createHttpServer();
  const port = await listening(server);
  server.close();
  const { exitCode, stderr } = await check({ PDP_PORT: port });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^not healthy: connect ECONNREFUSED .*\n$/);
});

test('not healthy when the server never answers', async () => {
  const port = await listening(createHttpServer(() => undefined));
  const { exitCode, stderr } = await check({ PDP_PORT: port });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^not healthy: .+\n$/);
});

test('asks over TLS when the server has a certificate, whatever name is on it', async () => {
  const { cert, key } = (await certificates()).server;
  const port = await listening(createHttpsServer({ cert, key }, answer(200)));
  expect(await check({ PDP_PORT: port, PDP_TLS_CERT: '/run/tls/cert.pem' })).toMatchObject({ exitCode: 0 });
  expect(await check({ PDP_PORT: port, PDP_TLS_CERT: cert })).toMatchObject({ exitCode: 0 });
  expect(await check({ PDP_PORT: port })).toMatchObject({ exitCode: 1 });
});
