import { describe, expect, it } from 'vitest';
import { permitOnly, writeBundle } from '../support/bundles.ts';
import { call } from '../support/client.ts';
import { KEY, post, query, startPermit } from './support.ts';

const TRIGGERS = ['/policy-updater/trigger', '/data-updater/trigger'];

const allowed = async (url: string, user: string) =>
  ((await post(url, '/allowed', query(user, 'read', {}))).json as { allow: boolean }).allow;

describe.each(TRIGGERS)('%s', (path) => {
  // The source is not looked at by itself here.
  const own = () => startPermit({ bundle: permitOnly('alice'), reloadMs: 0 });

  it('has loaded the source when it answers', async () => {
    const { url, source } = await own();
    expect([await allowed(url, 'alice'), await allowed(url, 'bob')]).toEqual([true, false]);
    await writeBundle(source, permitOnly('bob'));
    expect([await allowed(url, 'alice'), await allowed(url, 'bob')]).toEqual([true, false]);
    const answer = await post(url, path);
    expect([answer.status, answer.json]).toEqual([200, { status: 'ok' }]);
    expect([await allowed(url, 'alice'), await allowed(url, 'bob')]).toEqual([false, true]);
  });

  it('is answered when nothing has changed', async () => {
    const { url, logged } = await own();
    expect((await post(url, path)).json).toEqual({ status: 'ok' });
    await logged('revision unchanged');
  });

  it('says that the source is not good, and the last good one goes on', async () => {
    const { url, source } = await own();
    await writeBundle(source, { 'policies.cedar': 'permit(' });
    const answer = await post(url, path);
    expect([answer.status, answer.json]).toEqual([
      502,
      { detail: 'the source is not good; what was active stays: /health says what is wrong' },
    ]);
    expect(await allowed(url, 'alice')).toBe(true);
    await writeBundle(source, permitOnly('bob'));
    expect((await post(url, path)).status).toBe(200);
    expect(await allowed(url, 'bob')).toBe(true);
  });

  it.each([
    ['JSON', 'application/json', '{}'],
    ['no JSON', 'application/json', '{'],
    ['nothing, said to be JSON', 'application/json', ''],
    ['text', 'text/plain', 'x'],
  ])('leaves the body aside: %s', async (_, type, body) => {
    const { url } = await own();
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': type };
    expect((await call(url, path, { method: 'POST', headers, body })).status).toBe(200);
  });

  it('does nothing without the key', async () => {
    const { url, source } = await own();
    await writeBundle(source, permitOnly('bob'));
    expect((await call(url, path, { method: 'POST' })).status).toBe(401);
    expect(await allowed(url, 'bob')).toBe(false);
  });
});

it('brings the first revision, where the source was not good at the start', async () => {
  const own = await startPermit({ bundle: { 'policies.cedar': 'permit(' }, reloadMs: 0 });
  expect((await post(own.url, TRIGGERS[0] ?? '')).status).toBe(502);
  expect((await post(own.url, '/allowed', query('alice', 'read', {}))).status).toBe(503);
  await writeBundle(own.source, permitOnly('alice'));
  expect((await post(own.url, TRIGGERS[0] ?? '')).status).toBe(200);
  expect(await allowed(own.url, 'alice')).toBe(true);
});
