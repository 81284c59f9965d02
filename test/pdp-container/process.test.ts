import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { bundleDirectory, CERTIFICATION, whenDone } from './support/bundles.ts';
import { ask, call, EVALUATION } from './support/client.ts';
import { startServerProcess } from './support/server-process.ts';

/** The real command, in a process of its own. */

const VALID = ask('alice', 'read', 'record-1');

async function runReady(args: string[] = [], env: Record<string, string> = {}) {
  const running = startServerProcess([await bundleDirectory(CERTIFICATION), '--port', '0', ...args], env);
  const { url } = await running.logged('listening');
  await running.logged('revision active');
  return { ...running, url: url as string };
}

test('it says where it listens and what is active, one JSON record a line, and Ctrl-C ends it with 0', async () => {
  const { url, child, ended, records, stderr } = await runReady(['--drain-seconds', '3600']);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect((await call(url, EVALUATION, { body: VALID })).json).toMatchObject({ decision: true });
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(records().map(({ msg }) => msg)).toEqual([
    'listening',
    'revision active',
    'decision',
    'draining',
    'stopped',
  ]);
  expect(stderr()).toBe('');
});

test('with --cloudwatch-metrics its last metrics are among the last lines of its log', async () => {
  const { url, child, ended, records } = await runReady([], { PDP_CLOUDWATCH_METRICS: 'notes' });
  await call(url, EVALUATION, { body: VALID });
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(records().map(({ msg }) => msg)).toEqual([
    'listening',
    'revision active',
    'decision',
    'draining',
    'metrics',
    'stopped',
  ]);
  expect(records().at(-2)).toMatchObject({ Pdp: 'notes', Decisions: 1, Denials: 0, Requests: 1, Ready: 0 });
});

test('SIGTERM: unready at once, answers go on and end their connections, a second one ends it', async () => {
  const { url, child, ended, logged } = await runReady(['--drain-seconds', '3600']);
  child.kill('SIGTERM');
  await logged('draining');
  for (const path of ['/ready', '/healthcheck', '/health']) {
    expect(await call(url, path)).toMatchObject({ status: 503, json: { status: 'draining' } });
  }
  expect((await call(url, '/healthy')).status).toBe(200);
  // A client that would keep its connection, and so stay.
  const agent = new Agent({ keepAlive: true });
  const answer = await call(url, EVALUATION, { body: VALID, options: { agent } });
  agent.destroy();
  expect(answer).toMatchObject({ status: 200, json: { decision: true } });
  expect(answer.headers.connection).toBe('close');
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
});

test('SIGTERM ends it with 0 after the drain time', async () => {
  const { child, ended, records } = await runReady(['--drain-seconds', '0.05']);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(records().at(-1)).toMatchObject({ msg: 'stopped' });
});

test('a request under way is answered before it stops', async () => {
  const { url, child, ended, logged } = await runReady();
  const { socket, last } = await holdRequest(url);
  child.kill('SIGINT');
  await logged('draining');
  const closed = once(socket, 'close');
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.write(last);
  await closed;
  expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(received).toContain('"decision":true');
  expect(await ended).toBe(0);
});

test('a request that never ends does not keep it from stopping', async () => {
  const { url, child, ended, records } = await runReady([
    '--stop-seconds',
    '0.1',
    '--request-timeout',
    '3600',
  ]);
  const { socket } = await holdRequest(url);
  socket.on('error', () => {});
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(records().map(({ msg }) => msg)).toContain('requests still under way are cut off');
});

test('what was decided before the end is in the log', async () => {
  const { url, child, ended, records } = await runReady();
  const body = { ...VALID, evaluations: Array.from({ length: 500 }, () => ({})) };
  await call(url, '/access/v1/evaluations', { body });
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(records().filter(({ msg }) => msg === 'decision')).toHaveLength(500);
});

test('it goes on answering when nobody reads its output any more', async () => {
  const { url, child, ended } = await runReady();
  child.stdout.destroy();
  child.stderr.destroy();
  for (let index = 0; index < 20; index += 1) {
    expect((await call(url, EVALUATION, { body: VALID })).status).toBe(200);
  }
  child.kill('SIGINT');
  expect(await ended).toBe(0);
});

test('PDP_EXIT_WITH_PARENT=1 ends it when standard input does', async () => {
  const { child, ended } = await runReady(['--drain-seconds', '3600'], { PDP_EXIT_WITH_PARENT: '1' });
  child.stdin.end();
  expect(await ended).toBe(0);
});

test('every option has a variable', async () => {
  const running = startServerProcess([], {
    PDP_SOURCE: await bundleDirectory(CERTIFICATION),
    PDP_PORT: '0',
    PDP_API_KEY: 'key',
    PDP_DECISION_LOG: 'denied',
    PDP_DECISION_LOG_ATTRIBUTES: 'false',
    PDP_BATCH_LIMIT: '1',
    PDP_PUBLIC_URL: 'https://pdp.example.com',
  });
  const url = (await running.logged('listening')).url as string;
  await running.logged('revision active');
  const headers = { authorization: 'Bearer key' };
  expect((await call(url, EVALUATION, { body: VALID })).status).toBe(401);
  expect((await call(url, EVALUATION, { body: VALID, headers })).status).toBe(200);
  const batch = await call(url, '/access/v1/evaluations', { body: { evaluations: [VALID, VALID] }, headers });
  expect(batch.status).toBe(400);
  const discovery = await call(url, '/.well-known/authzen-configuration', { headers });
  expect(discovery.json).toMatchObject({ policy_decision_point: 'https://pdp.example.com' });
  await call(url, EVALUATION, { body: { ...VALID, subject: { type: 'user', id: 'zoe' } }, headers });
  running.child.kill('SIGINT');
  await running.ended;
  const decisions = running.records().filter(({ msg }) => msg === 'decision');
  expect(decisions).toEqual([expect.objectContaining({ decision: false })]);
  expect(decisions[0]).not.toHaveProperty('attributes');
});

test('a source that is there but not valid leaves it up and unready, with the place of the problem', async () => {
  const source = await bundleDirectory({
    'policies.cedar': '\npermit(principal, action, resource) when { oops };',
  });
  const { logged } = startServerProcess([source, '--port', '0']);
  const { url } = await logged('listening');
  expect(await logged('reload failed')).toMatchObject({
    serving: null,
    problems: [{ file: 'policies.cedar', line: 2, column: expect.any(Number), message: expect.any(String) }],
  });
  expect((await call(url as string, '/healthy')).status).toBe(200);
  expect((await call(url as string, '/ready')).status).toBe(503);
});

test('a port in use is one clear line and 1', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  whenDone(async () => void holder.close());
  const { port } = holder.address() as AddressInfo;
  const { ended, stderr, stdout } = startServerProcess([
    await bundleDirectory(CERTIFICATION),
    '--port',
    String(port),
  ]);
  expect(await ended).toBe(1);
  expect(stderr()).toBe(
    `pdp: port ${port} on 127.0.0.1 is already in use: stop what uses it, or choose another with --port\n`,
  );
  expect(stdout()).toBe('');
});

test('the OPA port is told beside the other, 0 picking a free one, and stops with it', async () => {
  const { logged, child, ended } = await runReady([], { PDP_OPA_PORT: '0' });
  const { url, opaUrl } = await logged('listening');
  expect(opaUrl).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(opaUrl).not.toBe(url);
  const answer = await call(opaUrl as string, '/v1/data/authzen/allow', { body: { input: VALID } });
  expect(answer.json).toMatchObject({ result: true });
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  await expect(call(opaUrl as string, '/health')).rejects.toThrow('ECONNREFUSED');
});

test('an OPA port in use is one clear line and 1', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  whenDone(async () => void holder.close());
  const { port } = holder.address() as AddressInfo;
  const source = await bundleDirectory(CERTIFICATION);
  const { ended, stderr, stdout } = startServerProcess([source, '--port', '0', '--opa-port', String(port)]);
  expect(await ended).toBe(1);
  expect(stderr()).toBe(
    `pdp: port ${port} on 127.0.0.1 is already in use: stop what uses it, or choose another with --opa-port (--opa-port off goes without)\n`,
  );
  expect(stdout()).toBe('');
});

test.each<[string, string[], Record<string, string>, string]>([
  ['no source', [], {}, 'pdp: no SOURCE: give a directory or a .tar.gz file, or set PDP_SOURCE\n'],
  [
    'a source that is not there',
    ['/no/such'],
    {},
    "pdp: source '/no/such' cannot be read: it does not exist\n",
  ],
  [
    'an option',
    ['.', '--port', '65536'],
    {},
    "error: option '--port <number>' argument '65536' is invalid. It must be a whole number from 0 to 65535.\n" +
      '(pdp serve --help says more)\n',
  ],
  [
    'an empty API key',
    ['.'],
    { PDP_API_KEY: '' },
    'pdp: PDP_API_KEY is set but empty: set it to a key, or unset it to serve without one\n',
  ],
])('what is wrong with the command line is said in a line, and 2: %s', async (_name, args, env, expected) => {
  const { ended, stderr, stdout } = startServerProcess(args, env);
  expect(await ended).toBe(2);
  expect(stderr()).toBe(expected);
  expect(stdout()).toBe('');
});

/** Sends a request but for its last byte, until the server has it. */
async function holdRequest(url: string) {
  const text = JSON.stringify(VALID);
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  whenDone(async () => void socket.destroy());
  socket.write(
    `POST ${EVALUATION} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n` +
      text.slice(0, -1),
  );
  const held = async () =>
    / ?pdp_http_requests_in_flight (\d+)/.exec((await call(url, '/metrics')).text)?.[1];
  // The one that asks is one of them.
  await expect.poll(held).toBe('2');
  return { socket, last: text.slice(-1) };
}
