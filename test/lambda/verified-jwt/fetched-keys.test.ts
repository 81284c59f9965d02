import { globalAgent } from 'node:https';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freshKeys } from '../../../lambda/verified-jwt/fresh-keys.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import { certificates, type TestCertificates } from '../certificates.ts';
import { answer, freePort, serve } from '../servers.ts';
import { signer, token } from '../tokens.ts';

const first = signer('one', 'RS256');
const second = signer('two', 'ES256');

describe('an issuer over HTTPS', () => {
  let trusted: TestCertificates;

  beforeAll(async () => {
    trusted = await certificates();
  });

  /** The library takes Node's default agent; nothing else tells it of an authority. */
  function trust(): void {
    const { ca } = globalAgent.options;
    globalAgent.options.ca = trusted.ca;
    onTestFinished(() => {
      globalAgent.options.ca = ca;
    });
  }

  async function issuer(respond: () => [number, unknown]) {
    trust();
    const server = await serve((_received, response) => answer(response, ...respond()), trusted.server);
    const subject = fromVerifiedJwt({ type: 'User', issuer: server.url, audience: 'notes' });
    const good = { iss: server.url, aud: 'notes', sub: 'alice', exp: Math.floor(Date.now() / 1000) + 600 };
    const ask = (key = first) => subject({ headers: { authorization: `Bearer ${token(key, good)}` } });
    return { server, ask };
  }

  test('is asked for its keys once, where Cognito and Auth0 have them', async () => {
    const { server, ask } = await issuer(() => [200, { keys: [first.jwk] }]);
    expect(await Promise.all([ask(), ask()])).toEqual([
      { type: 'User', id: 'alice' },
      { type: 'User', id: 'alice' },
    ]);
    expect(await ask()).toEqual({ type: 'User', id: 'alice' });
    expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /.well-known/jwks.json',
    ]);
  });

  test('is asked again for a key that it has rotated in', async () => {
    const keys = [first.jwk];
    const { server, ask } = await issuer(() => [200, { keys }]);
    await ask();
    keys.push(second.jwk);
    expect(await ask(second)).toEqual({ type: 'User', id: 'alice' });
    expect(server.received).toHaveLength(2);
  });

  test('is not asked for every made-up key', async () => {
    const { server, ask } = await issuer(() => [200, { keys: [first.jwk] }]);
    for (let asked = 0; asked < 5; asked += 1) expect(await ask(second)).toBeUndefined();
    expect(await ask()).toEqual({ type: 'User', id: 'alice' });
    expect(server.received).toHaveLength(2);
  });

  test.each<[string, number, unknown]>([
    ['is down', 503, {}],
    ['answers with something else', 200, '<html>'],
    ['answers with what is no key set', 200, { keys: [{ kid: 'one' }] }],
  ])('that %s makes it fail, and not a 401', async (_name, status, body) => {
    const { ask } = await issuer(() => [status, body]);
    const error = await ask().catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'PdpUnavailableError', statusCode: 503 });
    expect(`${error} ${error.cause}`).not.toContain('eyJ');
  });

  test('is asked again after it failed', async () => {
    const statuses = [503, 503, 200];
    const { ask } = await issuer(() => [statuses.shift() ?? 200, { keys: [first.jwk] }]);
    for (;;) {
      const subject = await ask().catch(() => 'failed');
      if (subject === 'failed') continue;
      expect(subject).toEqual({ type: 'User', id: 'alice' });
      break;
    }
    expect(statuses).toEqual([]);
  });

  test('that nobody vouches for is not believed', async () => {
    const server = await serve(
      (_received, response) => answer(response, 200, { keys: [first.jwk] }),
      trusted.server,
    );
    const subject = fromVerifiedJwt({ type: 'User', issuer: server.url, audience: 'notes' });
    const event = { headers: { authorization: `Bearer ${token(first, { iss: server.url })}` } };
    await expect(subject(event)).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    expect(server.received).toEqual([]);
  });

  test('that is not there makes it fail', async () => {
    const url = `https://127.0.0.1:${await freePort()}`;
    const subject = fromVerifiedJwt({ type: 'User', issuer: url, audience: 'notes' });
    const event = { headers: { authorization: `Bearer ${token(first, { iss: url })}` } };
    await expect(subject(event)).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    expect(await subject({})).toBeUndefined();
  });
});

describe('keys', () => {
  const HOUR = 3_600_000;

  function clocked(fetchKeys: () => Promise<void>) {
    const clock = { now: 0, fetches: 0 };
    const keys = freshKeys(
      () => {
        clock.fetches += 1;
        return fetchKeys();
      },
      () => clock.now,
    );
    return { clock, keys };
  }

  test('are fetched at once, and used for an hour', async () => {
    const { clock, keys } = clocked(async () => {});
    expect(clock.fetches).toBe(1);
    await keys();
    clock.now = HOUR - 1;
    await keys();
    expect(clock.fetches).toBe(1);
  });

  test('are fetched anew after an hour, for which nobody waits', async () => {
    const fetching = Promise.withResolvers<void>();
    const answers = [Promise.resolve(), fetching.promise];
    const { clock, keys } = clocked(() => answers.shift() ?? Promise.resolve());
    await keys();
    clock.now = HOUR;
    await keys();
    await keys();
    expect(clock.fetches).toBe(2);
    fetching.resolve();
    await fetching.promise;
    await keys();
    clock.now = 2 * HOUR - 1;
    await keys();
    expect(clock.fetches).toBe(2);
  });

  test('are used for two hours when they cannot be fetched, and for no longer', async () => {
    const answers = [Promise.resolve()];
    const { clock, keys } = clocked(() => answers.shift() ?? Promise.reject(new Error('away')));
    await keys();
    clock.now = 2 * HOUR - 1;
    await keys();
    clock.now = 2 * HOUR;
    await expect(keys()).rejects.toThrow('away');
    answers.push(Promise.resolve());
    await keys();
  });

  test('that were never fetched fail every call', async () => {
    const { clock, keys } = clocked(() => Promise.reject(new Error('away')));
    await expect(keys()).rejects.toThrow('away');
    await expect(keys()).rejects.toThrow('away');
    expect(clock.fetches).toBeGreaterThanOrEqual(2);
  });
});
