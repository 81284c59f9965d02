import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Sent, send } from '../pdp-container/proxy/support.ts';
import { type Application, startApplication } from './support/application.ts';
import { withCleanup } from './support/cleanup.ts';
import { configure } from './support/documented-nginx.ts';
import { eventually, freePort } from './support/http.ts';
import { type Running, start } from './support/processes.ts';

export const title = 'nginx, as the docs configure it: lets through what the PDP allows, and nothing else';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PASSWORDS = { bob: 'of-bob', carol: 'of-carol', erin: 'of-erin' };
type User = keyof typeof PASSWORDS;
const NOTE = '/tenants/acme/notes/roadmap';

interface Scene {
  base: string;
  pdp: Running;
  key: string;
  reached: Application['reached'];
}

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-nginx-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    // nginx's workers are another user.
    await chmod(directory, 0o755);
    const key = randomBytes(24).toString('base64url');
    const pdp = startPdp(key);
    defer(() => pdp.stop());
    const application = await startApplication();
    defer(application.stop);
    const pdpPort = await portOf(pdp);
    const port = await freePort();
    await configure(directory, {
      port,
      pdpPort,
      applicationPort: application.port,
      key,
      passwords: PASSWORDS,
    });
    const nginx = start('nginx', [
      ...['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'],
      ...['-g', `daemon off; pid ${join(directory, 'nginx.pid')};`],
    ]);
    defer(() => nginx.stop());
    const scene: Scene = { base: `http://127.0.0.1:${port}`, pdp, key, reached: application.reached };
    try {
      await eventually(() => send(scene.base, 'GET', '/', ['Host', 'app']), 10_000);
      application.reached();
      await decides(scene);
      await knowsWhoAsks(scene);
      await isNotTalkedInto(scene);
      await readsPathsInOneWay(scene);
      await passesBodiesOn(scene);
      await failsClosed(scene);
    } catch (error) {
      console.log([...nginx.lines, ...pdp.lines].slice(-20).join('\n'));
      throw error;
    }
  });
}

async function decides({ base, key, reached }: Scene): Promise<void> {
  const answer = await ask(base, 'bob', 'GET', `${NOTE}?x=%2F..&y`);
  assert.deepEqual([answer.status, answer.text], [200, 'from the application']);
  const [got, ...more] = reached();
  assert.deepEqual([got?.method, got?.url, more], ['GET', `${NOTE}?x=%2F..&y`, []]);
  assert.deepEqual(got?.headers['x-pdp-subject'], ['bob']);
  assert.equal(got?.headers.authorization, undefined, 'the password got to the application');
  assert.equal(JSON.stringify(got).includes(key), false, 'the key got to the application');

  assert.deepEqual(await statuses(base, 'erin', ['GET', NOTE], ['PUT', NOTE]), [403, 403]);
  assert.deepEqual(
    await statuses(base, 'carol', ['PUT', NOTE], ['DELETE', NOTE], ['HEAD', NOTE]),
    [403, 403, 403],
  );
  assert.deepEqual(
    await statuses(base, 'bob', ['GET', '/'], ['GET', '/admin'], ['OPTIONS', NOTE]),
    [403, 403, 403],
  );
  assert.deepEqual(reached(), []);
  assert.deepEqual(await statuses(base, 'carol', ['GET', NOTE]), [200]);
  assert.equal(reached().length, 1);
}

/** A wrong password is a 401 before the PDP is asked: who is not known learns nothing of the policies. */
async function knowsWhoAsks({ base, pdp, reached }: Scene): Promise<void> {
  const asked = () => pdp.lines.filter((line) => line.includes('"msg":"decision"')).length;
  const before = asked();
  for (const authorization of [undefined, basic('bob', 'of-erin'), basic('', ''), 'Bearer x']) {
    for (const path of [NOTE, '/admin']) {
      const headers = authorization === undefined ? [] : ['Authorization', authorization];
      const { status, headers: got } = await send(base, 'GET', path, ['Host', 'app', ...headers]);
      assert.deepEqual([status, got['www-authenticate']], [401, 'Basic realm="notes"']);
    }
  }
  assert.equal(asked(), before, 'the PDP was asked about somebody who is not known');
  assert.deepEqual(reached(), []);
}

/** What a client says in headers is neither who asks nor what is asked. */
async function isNotTalkedInto({ base, key, reached }: Scene): Promise<void> {
  for (const headers of [
    ['X-PDP-Subject', 'bob'],
    ['x-pdp-subject', 'bob', 'X-PDP-Subject', 'bob'],
    ['X_PDP_Subject', 'bob'],
    ['X-PDP-Key', key],
    ['Authorization', basic('bob', 'nonsense')],
    ['X-Original-URI', '/tenants/globex/notes/plan'],
    ['X-Original-Method', 'GET', 'X-Original-URI', '/tenants/globex/notes/plan'],
    ['X-Forwarded-Method', 'GET', 'X-Forwarded-Uri', '/tenants/globex/notes/plan'],
    ['X-Original-URL', `http://app/tenants/globex/notes/plan`],
    ['Connection', 'close, X-PDP-Subject, X-PDP-Key'],
  ]) {
    const { status } = await ask(base, 'erin', 'GET', NOTE, headers);
    assert.notEqual(status, 200, `${headers} let erin in`);
  }
  assert.deepEqual(reached(), []);
  // Carol may view, and may not edit.
  const asView = ['X-Original-Method', 'GET', 'X-HTTP-Method-Override', 'GET'];
  assert.equal((await ask(base, 'carol', 'PUT', NOTE, asView)).status, 403);
  const overrides = [
    ...['X-HTTP-Method-Override', 'PUT', 'X-HTTP-Method', 'PUT', 'X-Method-Override', 'PUT'],
    ...['X-Original-URL', '/admin', 'X-Rewrite-URL', '/admin', 'X-PDP-Subject', 'alice'],
  ];
  assert.equal((await ask(base, 'carol', 'GET', NOTE, overrides)).status, 200);
  const [got, ...more] = reached();
  assert.equal(more.length, 0);
  assert.deepEqual(got?.headers['x-pdp-subject'], ['carol']);
  const left = Object.keys(got?.headers ?? {}).filter((name) => /method|url/.test(name));
  assert.deepEqual(left, [], 'a header that overrides got to the application');
  for (const path of ['/_authorize', '/%5fauthorize', '/x/../_authorize']) {
    assert.notEqual((await ask(base, 'bob', 'GET', path)).status, 200, path);
  }
  assert.deepEqual(reached(), []);
}

/** Each of these is the note for some server, and for another one is not. */
const AMBIGUOUS = [
  '/tenants/acme/notes/../notes/roadmap',
  '/tenants/acme/notes/./roadmap',
  '/tenants/globex/../acme/notes/roadmap',
  '/tenants/acme/notes/x/..%2froadmap',
  '/tenants/acme/notes/%2e%2e/notes/roadmap',
  '/tenants/acme/notes/.%2e/notes/roadmap',
  '/tenants/acme//notes/roadmap',
  '//tenants/acme/notes/roadmap',
  '/tenants/acme%2Fnotes/roadmap',
  '/tenants%5Cacme/notes/roadmap',
  '/tenants\\acme/notes/roadmap',
  '/tenants/acme/notes/roadmap/',
  '/tenants/acme/notes/roadmap;x',
  '/tenants/acme/notes/roadmap%3Bx',
  '/tenants/acme/notes/roadmap%00',
  '/tenants/acme/notes/roadmap%2500',
  '/tenants/acme/notes/roadmap%20',
  '/tenants/acme/notes/roadmap.',
  '/tenants/acme/notes/%252e%252e/roadmap',
  '/tenants/acme/notes/%c0%ae%c0%ae/roadmap',
  '/TENANTS/acme/notes/roadmap',
  '/tenants/acme/notes/roadmap#x',
];

async function readsPathsInOneWay({ base, reached }: Scene): Promise<void> {
  for (const path of AMBIGUOUS) {
    const { status } = await ask(base, 'bob', 'GET', path);
    assert.ok([400, 403, 404].includes(status), `${path} is ${status}`);
  }
  assert.deepEqual(reached(), []);
  const encoded = NOTE.replace('road', '%72oad');
  assert.deepEqual(
    await statuses(base, 'bob', ['GET', encoded], ['GET', `http://other.test${NOTE}`]),
    [200, 200],
  );
  assert.deepEqual(
    reached().map(({ url, headers }) => [url, headers.host]),
    [
      [encoded, ['app']],
      [NOTE, ['other.test']],
    ],
    'what the application got is not what was asked about',
  );
}

async function passesBodiesOn({ base, reached }: Scene): Promise<void> {
  const body = randomBytes(300_000);
  const digest = createHash('sha256').update(body).digest('hex');
  const authorization = basic('bob', PASSWORDS.bob);
  for (const lengthened of [true, false]) {
    // Without a length it goes in chunks.
    const headers: Record<string, string> = { host: 'app', authorization };
    const sent = lengthened ? body : new Blob([body]).stream();
    const { status } = await fetch(`${base}${NOTE}`, {
      method: 'PUT',
      headers,
      body: sent,
      duplex: 'half',
    } as RequestInit);
    const [got] = reached();
    assert.deepEqual([status, got?.method, got?.digest], [200, 'PUT', digest]);
  }
}

/** No answer is a deny. */
async function failsClosed({ base, pdp, reached }: Scene): Promise<void> {
  pdp.signal('SIGSTOP');
  assert.deepEqual(await statuses(base, 'bob', ['GET', NOTE]), [500]);
  await pdp.stop();
  assert.deepEqual(await statuses(base, 'bob', ['GET', NOTE], ['PUT', NOTE]), [500, 500]);
  assert.deepEqual(reached(), []);
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function ask(base: string, user: User, method: string, path: string, headers: string[] = []): Promise<Sent> {
  const own = headers.includes('Authorization') ? [] : ['Authorization', basic(user, PASSWORDS[user])];
  return send(base, method, path, ['Host', 'app', ...own, ...headers]);
}

async function statuses(base: string, user: User, ...requests: [string, string][]): Promise<number[]> {
  const answers: number[] = [];
  for (const [method, path] of requests) answers.push((await ask(base, user, method, path)).status);
  return answers;
}

function startPdp(key: string): Running {
  const types = [
    '--permit-user-type',
    'User',
    '--permit-tenant-type',
    'Tenant',
    '--permit-role-type',
    'Role',
  ];
  const program = [
    join(root, 'bin/pdp.ts'),
    'serve',
    join(root, 'pdp-container/policies'),
    '--port',
    '0',
    '--opa-port',
    'off',
  ];
  return start(process.execPath, [...program, ...types], { PDP_API_KEY: key });
}

async function portOf(pdp: Running): Promise<number> {
  await pdp.line((line) => line.includes('"msg":"revision active"'));
  const { url } = JSON.parse(await pdp.line((line) => line.includes('"msg":"listening"'))) as { url: string };
  return Number(new URL(url).port);
}
