import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { permitOnly, temporaryDirectory } from '../pdp-container/support/bundles.ts';
import { ask, call, EVALUATION } from '../pdp-container/support/client.ts';
import { GitServer } from '../pdp-container/support/git-server.ts';
import { serveProcess } from '../pdp-container/support/serve-process.ts';

/** From a push to a Git host to what a PDP of its own process answers. */

const KEY = 'the-key';
const TOKEN = 'the-token-of-the-host';
const SECRET = 'the-secret-of-the-webhook';

/** Beside the policies, what repositories have. */
const inFolder = (user: string) => ({
  ...Object.fromEntries(Object.entries(permitOnly(user)).map(([path, text]) => [`notes/${path}`, text])),
  'README.md': '# Policies',
  'notes/README.md': '# Notes',
  'notes/.gitattributes': '* text',
  'notes/.github/workflows/ci.yml': 'on: push',
});

async function delivered(interval: string, env: Record<string, string> = {}) {
  const host = await GitServer.start({ token: TOKEN });
  const repository = await host.repository();
  const first = await repository.commit(inFolder('alice'));
  const pdp = serveProcess([`${host.address()}#main:notes`, '--refresh-interval', interval], {
    PDP_API_KEY: KEY,
    PDP_SOURCE_TOKEN: TOKEN,
    PDP_WEBHOOK_SECRET: SECRET,
    ...env,
  });
  const { url } = (await pdp.logged('listening')) as unknown as { url: string };
  await pdp.logged('revision active');
  const authorization = `Bearer ${KEY}`;
  const isAllowed = async (user: string) => {
    const answer = await call(url, EVALUATION, { headers: { authorization }, body: ask(user, 'read', 'x') });
    return (answer.json as { decision: boolean }).decision;
  };
  const trigger = async () =>
    (await call(url, '/policy-updater/trigger', { method: 'POST', headers: { authorization } })).status;
  return { host, repository, first, pdp, url, isAllowed, trigger };
}

it('a push is active after a trigger, or a webhook', async () => {
  const { repository, first, pdp, url, isAllowed, trigger } = await delivered('0');
  expect([await isAllowed('alice'), await isAllowed('bob')]).toEqual([true, false]);

  await repository.commit(inFolder('bob'));
  expect(await trigger()).toBe(200);
  expect([await isAllowed('alice'), await isAllowed('bob')]).toEqual([false, true]);

  await repository.commit(inFolder('carol'));
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const answer = await call(url, '/policy-updater/webhook', {
    headers: { 'x-hub-signature-256': signature },
    body,
  });
  expect(answer.status).toBe(202);
  await pdp.logged('revision active');
  await pdp.logged('revision active');
  expect([await isAllowed('bob'), await isAllowed('carol')]).toEqual([false, true]);

  // The branch is what the host says it is.
  await repository.reset('main', first);
  expect(await trigger()).toBe(200);
  expect([await isAllowed('alice'), await isAllowed('carol')]).toEqual([true, false]);

  for (const secret of [TOKEN, SECRET, KEY]) expect(pdp.said()).not.toContain(secret);
});

it('a push is active after a while, without being told', async () => {
  const { repository, pdp, isAllowed } = await delivered('0.2');
  await repository.commit(inFolder('bob'));
  await pdp.logged('revision active');
  expect([await isAllowed('alice'), await isAllowed('bob')]).toEqual([false, true]);
});

it('what is not good, and a host that is away, leave the last good revision serving', async () => {
  const { host, repository, isAllowed, trigger } = await delivered('0');
  await repository.commit({ 'notes/policies.cedar': 'permit(' });
  expect(await trigger()).toBe(502);
  expect(await isAllowed('alice')).toBe(true);

  await host.stop();
  expect(await trigger()).toBe(502);
  expect(await isAllowed('alice')).toBe(true);

  await host.resume();
  await repository.commit(inFolder('bob'));
  expect(await trigger()).toBe(200);
  expect([await isAllowed('alice'), await isAllowed('bob')]).toEqual([false, true]);
});

it('a folder of policies is not signed, and is refused where that is asked for', async () => {
  const host = await GitServer.start();
  await (await host.repository()).commit(permitOnly('alice'));
  const { publicKey } = generateKeyPairSync('ed25519');
  const pdp = serveProcess([host.address()], {
    PDP_VERIFY_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  });
  const { problems, serving } = await pdp.logged('reload failed');
  expect([serving, JSON.stringify(problems)]).toEqual([null, expect.stringMatching(/sign/)]);
});

it('nothing is left behind', async () => {
  const temporary = await temporaryDirectory();
  const { pdp } = await delivered('0', { TMPDIR: temporary });
  expect((await readdir(temporary)).map((name) => name.slice(0, 8))).toEqual(['pdp-git-']);
  expect(await pdp.end('SIGINT')).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
});

it('nothing is left behind by one that is told twice, while git is at work', async () => {
  const temporary = await temporaryDirectory();
  const { host, pdp, trigger } = await delivered('0', { TMPDIR: temporary });
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const { promise: cut, resolve: isCut } = Promise.withResolvers<void>();
  host.intercept = (request) => {
    request.socket.on('close', isCut);
    isAsked();
    return true;
  };
  trigger().catch(() => {});
  await asked;
  void pdp.end('SIGTERM');
  await pdp.logged('draining');
  expect(await pdp.end('SIGTERM')).toBe(143);
  await cut;
  expect(await readdir(temporary)).toEqual([]);
});

it('without git it does not start, and says what to do', async () => {
  const pdp = serveProcess(['git+https://git.example.test/policies.git#main'], { PATH: '/nonexistent' });
  expect(await pdp.ended).toBe(2);
  expect(pdp.said()).toContain(
    'needs git on the PATH: install git, or in a container build the image with git',
  );
});

it('an address with a password does not start, and the password is not repeated', async () => {
  const pdp = serveProcess(['git+https://me:hunter2@git.example.test/policies.git#main']);
  expect(await pdp.ended).toBe(2);
  expect(pdp.said()).toContain('set PDP_SOURCE_TOKEN to the token');
  expect(pdp.said()).not.toContain('hunter2');
});
