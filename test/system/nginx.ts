import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withCleanup } from './support/cleanup.ts';
import { command } from './support/command.ts';
import { ask, eventually, freePort } from './support/http.ts';

export const title = 'nginx, configured as the docs say: lets in whom the PDP does, and nobody without it';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORD = 'correct';
const ROADMAP = '/tenants/acme/notes/roadmap';

interface Told {
  method: string;
  url: string;
  user: string;
  authorization: string;
  key: string;
  body: string;
}

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const folder = await mkdtemp(join(tmpdir(), 'pdp-nginx-'));
    defer(() => rm(folder, { recursive: true }));
    // nginx's workers are of another user.
    await chmod(folder, 0o755);
    const key = randomBytes(24).toString('base64url');
    const ports = { nginx: await freePort(), pdp: await freePort(), application: await freePort() };

    const reached: Told[] = [];
    const application = createServer(async (asked, answer) => {
      let body = '';
      for await (const chunk of asked.setEncoding('utf8')) body += chunk;
      const header = (name: string) => String(asked.headers[name] ?? '');
      reached.push({
        method: asked.method ?? '',
        url: asked.url ?? '',
        user: header('x-pdp-subject'),
        authorization: header('authorization'),
        key: header('x-pdp-key'),
        body,
      });
      answer.end('the application');
    }).listen(ports.application, '127.0.0.1');
    defer(() => application.close());

    const options = ['--port', `${ports.pdp}`, '--opa-port', 'off', '--permit-user-type', 'User'];
    const pdp = spawn(process.execPath, ['bin/pdp.ts', 'serve', 'pdp-container/policies', ...options], {
      cwd: root,
      env: { ...process.env, PDP_API_KEY: key, PDP_DRAIN_SECONDS: '0' },
      stdio: 'ignore',
    });
    defer(() => end(pdp));
    await eventually(async () => {
      assert.equal((await ask(`http://127.0.0.1:${ports.pdp}/ready`)).status, 200);
    });

    const nginx = await startNginx(folder, key, ports);
    defer(() => end(nginx));
    const through = (user: string, path: string, more: Sent = {}) =>
      send(ports.nginx, path, { ...more, headers: { ...more.headers, ...login(user) } });
    await eventually(async () => assert.equal(await send(ports.nginx, '/'), 401));
    assert.deepEqual(reached, []);

    assert.equal(await through('bob', ROADMAP), 200);
    assert.equal(await through('bob', ROADMAP, { method: 'PUT', body: 'a new text' }), 200);
    assert.deepEqual(reached.splice(0), [
      { method: 'GET', url: ROADMAP, user: 'bob', authorization: '', key: '', body: '' },
      { method: 'PUT', url: ROADMAP, user: 'bob', authorization: '', key: '', body: 'a new text' },
    ]);

    const refused: [number, string, string, Sent?][] = [
      [403, 'erin', ROADMAP],
      [403, 'carol', ROADMAP, { method: 'PUT', body: 'hers' }],
      [403, 'bob', `${ROADMAP}/`],
      [403, 'bob', '/tenants/acme/notes/none/../roadmap'],
      [403, 'bob', '/tenants/acme/notes%2froadmap'],
      [403, 'bob', '//tenants/acme/notes/roadmap'],
      [403, 'bob', '/somewhere/else'],
      [403, 'erin', ROADMAP, { headers: { 'X-PDP-Subject': 'bob' } }],
      [403, 'carol', ROADMAP, { method: 'PUT', headers: { 'X-Original-Method': 'GET' } }],
      [403, 'erin', ROADMAP, { headers: { 'X-Original-URI': '/tenants/globex/notes/plan' } }],
      [403, 'erin', ROADMAP, { headers: { 'X-Forwarded-Uri': ROADMAP, 'X-Forwarded-Method': 'GET' } }],
      [401, 'nobody', ROADMAP],
    ];
    for (const [status, user, path, more] of refused) {
      assert.equal(await through(user, path, more), status, `${user} ${path} ${JSON.stringify(more ?? {})}`);
    }
    assert.equal(await send(ports.nginx, ROADMAP), 401);
    assert.equal(await send(ports.nginx, ROADMAP, { headers: login('bob', 'wrong') }), 401);
    assert.equal(await send(ports.nginx, ROADMAP, { headers: { 'X-PDP-Subject': 'bob' } }), 401);

    await end(pdp);
    assert.equal(await through('bob', ROADMAP), 500);
    assert.deepEqual(reached, []);
  });
}

/** With the configuration of the docs; only addresses and files are those of the test. */
async function startNginx(
  folder: string,
  key: string,
  ports: { nginx: number; pdp: number; application: number },
): Promise<ChildProcess> {
  const docs = await readFile(join(root, 'docs/proxies.md'), 'utf8');
  const documented = /<!-- nginx\.conf:.*?-->\n```nginx\n(.*?)```/s.exec(docs)?.[1];
  assert.ok(documented, 'docs/proxies.md has no nginx.conf');
  let configuration = documented;
  for (const [from, to] of [
    ['127.0.0.1:7000', `127.0.0.1:${ports.pdp}`],
    ['127.0.0.1:3000', `127.0.0.1:${ports.application}`],
    ['listen 8080', `listen 127.0.0.1:${ports.nginx}`],
    ['/run/nginx-authorized.sock', `${folder}/authorized.sock`],
    ['/etc/nginx/', `${folder}/`],
  ] as const) {
    assert.ok(configuration.includes(from), `the documented configuration has no ${from}`);
    configuration = configuration.replaceAll(from, to);
  }
  await writeFile(join(folder, 'nginx.conf'), configuration);
  await writeFile(join(folder, 'pdp-key.conf'), `proxy_set_header X-PDP-Key "${key}";\n`, { mode: 0o600 });
  // As htpasswd writes it with -s.
  const hash = createHash('sha1').update(PASSWORD).digest('base64');
  const users = ['alice', 'bob', 'carol', 'erin'].map((user) => `${user}:{SHA}${hash}\n`);
  await writeFile(join(folder, 'users'), users.join(''));
  await mkdir(join(folder, 'logs'));
  const globals = `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/logs/error.log;`;
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', globals];
  await command('nginx', ['-t', ...args]);
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
  return spawn('nginx', args, { env: { ...process.env, PATH }, stdio: 'ignore' });
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** The status of the answer to a path that is sent letter for letter, which `fetch` does not do. */
function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
  });
}

function login(user: string, password = PASSWORD): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}
