import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../engine/index.ts';
import { permitOnly, writeBundle } from '../support/bundles.ts';
import { type Answer, ask, call, EVALUATION } from '../support/client.ts';
import { GitServer } from '../support/git-server.ts';
import { startServer } from '../support/server.ts';

const PATH = '/policy-updater/webhook';
const SECRET = 'a-secret-of-the-git-host';
const KEY = 'the-key';
const BODY = '{"ref":"refs/heads/main"}';

const signature = (body: string | Buffer, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const send = (url: string, headers: Record<string, string>, body: string | Buffer = BODY): Promise<Answer> =>
  call(url, PATH, { method: 'POST', headers, body });

const isAllowed = async (url: string, user: string) => {
  const headers = { authorization: `Bearer ${KEY}` };
  const { json } = await call(url, EVALUATION, { headers, body: ask(user, 'read', 'record-1') });
  return (json as { decision: boolean }).decision;
};

const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ bundle: permitOnly('alice'), reloadMs: 0, apiKey: KEY, webhookSecret: SECRET, ...options });

describe('a push that is told', () => {
  it.each([
    ['GitHub', { 'x-hub-signature-256': signature(BODY), 'x-github-event': 'push' }],
    ['Bitbucket', { 'x-hub-signature': signature(BODY), 'x-event-key': 'repo:push' }],
    ['GitLab', { 'x-gitlab-token': SECRET, 'x-gitlab-event': 'Push Hook' }],
    [
      'GitHub, as a form',
      { 'x-hub-signature-256': signature(BODY), 'content-type': 'application/x-www-form-urlencoded' },
    ],
  ])('by %s is accepted without the key, and what is there now becomes active', async (_, headers) => {
    const server = await start();
    await server.logged('revision active');
    await writeBundle(server.source, permitOnly('bob'));
    const answer = await send(server.url, headers);
    expect([answer.status, answer.json]).toEqual([202, { status: 'accepted' }]);
    await server.logged('revision active');
    expect(await isAllowed(server.url, 'bob')).toBe(true);
  });

  it('is accepted whatever comes of it', async () => {
    const server = await start();
    await writeBundle(server.source, { 'policies.cedar': 'permit(' });
    expect((await send(server.url, { 'x-gitlab-token': SECRET })).status).toBe(202);
    await server.logged('reload failed');
    expect(await isAllowed(server.url, 'alice')).toBe(true);
  });

  it('may have no body', async () => {
    const { url } = await start();
    const headers = { 'x-hub-signature-256': signature('') };
    expect((await call(url, PATH, { method: 'POST', headers })).status).toBe(202);
  });
});

describe('refused', () => {
  it.each<[string, Record<string, string>, string]>([
    ['without a signature', {}, 'a signature is missing'],
    ['with the key', { authorization: `Bearer ${KEY}` }, 'a signature is missing'],
    [
      'with a signature of another secret',
      { 'x-hub-signature-256': signature(BODY, `${SECRET}!`) },
      'not the right one',
    ],
    [
      'with a signature of another body',
      { 'x-hub-signature-256': signature(`${BODY} `) },
      'not the right one',
    ],
    ['with another token', { 'x-gitlab-token': KEY }, 'not the right one'],
  ])('%s', async (_, headers, message) => {
    const server = await start();
    await writeBundle(server.source, permitOnly('bob'));
    const answer = await send(server.url, headers);
    expect([answer.status, (answer.json as { error: { status: number } }).error.status]).toEqual([401, 401]);
    expect(answer.text).toContain(message);
    expect(server.records.map(({ msg }) => msg)).not.toContain('webhook accepted');
    expect(await isAllowed(server.url, 'bob')).toBe(false);
  });

  it('with more than a Git host sends', async () => {
    const { url } = await start();
    const most = Buffer.alloc(25 * 1024 * 1024, 'x');
    const more = Buffer.concat([most, Buffer.from('x')]);
    expect((await send(url, { 'x-hub-signature-256': signature(most) }, most)).status).toBe(202);
    expect((await send(url, { 'x-hub-signature-256': signature(more) }, more)).status).toBe(413);
  });

  it('where no secret is set, as if it were not there', async () => {
    const { url } = await start({ webhookSecret: undefined });
    const callers: Record<string, string>[] = [
      {},
      { 'x-gitlab-token': SECRET },
      { authorization: `Bearer ${KEY}` },
    ];
    for (const headers of callers) {
      const answer = await send(url, headers);
      expect([answer.status, answer.json]).toEqual([404, { error: { status: 404, message: 'not found' } }]);
    }
    const document = await call(url, '/openapi.json', { headers: { authorization: `Bearer ${KEY}` } });
    expect(Object.keys((document.json as { paths: object }).paths)).not.toContain(PATH);
  });

  it('with the secret in place of the key, anywhere else', async () => {
    const { url } = await start();
    const headers = { 'x-gitlab-token': SECRET, 'x-hub-signature-256': signature('') };
    expect((await call(url, '/policy-updater/trigger', { method: 'POST', headers })).status).toBe(401);
  });
});

it('those whose body does not come keep nobody from asking, and are no more than 64', async () => {
  const { url } = await start({ limits: { concurrency: 1 } });
  const stalled = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const headers = { 'x-gitlab-token': 'x', 'content-length': '9', expect: '100-continue' };
      const stranger = request(`${url}${PATH}`, { method: 'POST', headers, agent: false });
      stranger.on('error', () => {}).flushHeaders();
      await once(stranger, 'continue');
      return stranger;
    }),
  );
  expect(await isAllowed(url, 'alice')).toBe(true);
  const { status, json } = await send(url, { 'x-gitlab-token': SECRET });
  expect([status, json]).toMatchObject([503, { error: { message: 'more than 64 webhooks are under way' } }]);
  await Promise.all(
    stalled.map(async (stranger) => {
      stranger.end('123456789');
      const [response] = await once(stranger, 'response');
      expect(response.statusCode).toBe(401);
      await once(response.resume(), 'close');
    }),
  );
  expect((await send(url, { 'x-gitlab-token': SECRET })).status).toBe(202);
});

it('a secret that is too short keeps the server from starting', async () => {
  await expect(start({ webhookSecret: 'short' })).rejects.toThrow(ConfigurationError);
});

it('a burst is the look under way and one more', async () => {
  const host = await GitServer.start();
  const repository = await host.repository();
  await repository.commit(permitOnly('alice'));
  const server = await start({ source: host.address(), refreshMs: 0 });
  await server.logged('revision active');

  const held: (() => void)[] = [];
  const arrived = new Promise<void>((resolve) => {
    host.intercept = (request, response) => {
      if (held.length > 0) return false;
      // The first look of the burst waits until all of the burst is there.
      held.push(() => host.answer(request, response));
      resolve();
      return true;
    };
  });
  host.requests.length = 0;
  const headers = { 'x-gitlab-token': SECRET };
  expect((await send(server.url, headers)).status).toBe(202);
  await arrived;
  await repository.commit(permitOnly('bob'));
  const burst = await Promise.all(Array.from({ length: 30 }, () => send(server.url, headers)));
  expect(new Set(burst.map(({ status }) => status))).toEqual(new Set([202]));
  for (const release of held) release();
  await server.logged('revision active');
  expect(await isAllowed(server.url, 'bob')).toBe(true);
  // Asked for again by a call that is answered when all before it is done.
  const trigger = { method: 'POST', headers: { authorization: `Bearer ${KEY}` } };
  expect((await call(server.url, '/policy-updater/trigger', trigger)).status).toBe(200);
  const looks = host.requests.filter(({ path }) => path.endsWith('info/refs?service=git-upload-pack'));
  // Each look is one, each fetch another: two looks and a fetch for the burst, one look for the trigger.
  expect(looks.length).toBeLessThanOrEqual(4);
});
