import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import {
  type PdpEnvironment,
  pdpFromEnvironment,
  type RemotePdpOptions,
} from '../../../lambda/middleware/index.ts';
import { bundleFile, temporaryDirectory } from '../bundles.ts';
import { certificates } from '../certificates.ts';
import { KEYS, pem, published } from '../embedded/published.ts';
import { later, openStore, SOURCE, soon } from '../embedded/store.ts';
import { answer, serve } from '../servers.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'alice' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

describe('the environment names', () => {
  test('a remote PDP by PDP_URL, with its key', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = pdpFromEnvironment({ PDP_URL: server.url, PDP_API_KEY: 'key-1' });
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(server.received[0]?.headers.authorization).toBe('Bearer key-1');
  });

  test('a remote PDP over TLS, with its authority in PDP_CA', async () => {
    const { ca, server: tls } = await certificates();
    const server = await serve((_, response) => answer(response, 200, { decision: true }), tls);
    expect(await pdpFromEnvironment({ PDP_URL: server.url, PDP_CA: ca }).evaluate(REQUEST)).toEqual({
      decision: true,
    });
  });

  test('the evaluator in the function by PDP_BUNDLE', async () => {
    const pdp = pdpFromEnvironment({ PDP_BUNDLE: await bundleFile(await temporaryDirectory(), 'alice') });
    expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: true });
    expect((await pdp.evaluateAll([REQUEST])).map(({ decision }) => decision)).toEqual([true]);
  });

  test('the evaluator in the function by PDP_BUNDLE, and what is newer by PDP_SOURCE', async () => {
    const store = await openStore();
    await store.put(await published('bob', { signedBy: KEYS.privateKey }));
    const pdp = pdpFromEnvironment(
      {
        PDP_BUNDLE: await bundleFile(await temporaryDirectory(), 'alice'),
        PDP_SOURCE: SOURCE,
        PDP_REFRESH_INTERVAL: '30',
        PDP_VERIFY_KEY: pem(KEYS.publicKey),
      },
      { onEvent: ({ type }) => void events.push(type) },
    );
    const events: string[] = [];
    expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: true });
    await soon(() => expect(events).toEqual(['refreshed']));
    expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: false });
    later(30_000);
    await pdp.evaluateAll([REQUEST]);
    await soon(() => expect(events).toEqual(['refreshed', 'refresh-unchanged']));
    expect(store.reads()).toBe(2);
  });

  test('the store alone by PDP_SOURCE, read while the module loads', async () => {
    const store = await openStore();
    await store.put('alice');
    const pdp = pdpFromEnvironment({ PDP_SOURCE: SOURCE, PDP_MAX_STALE: '600' });
    await soon(() => expect(store.reads()).toBe(1));
    expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: true });
    expect(store.reads()).toBe(1);
  });

  test('an older publication that is to be taken, by PDP_ALLOW_OLDER', async () => {
    const store = await openStore();
    await store.put('alice', 1);
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'bundle.tar.gz'), await published('bob', { sequence: 2 }));
    const environment = {
      PDP_BUNDLE: join(directory, 'bundle.tar.gz'),
      PDP_SOURCE: SOURCE,
      PDP_ALLOW_OLDER: 'true',
    };
    const pdp = pdpFromEnvironment(environment);
    await soon(async () => expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: true }));
  });

  test('a bundle that is not there: an answer that fails, not a process', async () => {
    const pdp = pdpFromEnvironment({ PDP_BUNDLE: '/nowhere/bundle.tar.gz' });
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpUnavailableError' });
  });

  test('the process’s own environment when none is given', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    vi.stubEnv('PDP_URL', server.url);
    onTestFinished(() => vi.unstubAllEnvs() as never);
    expect(await pdpFromEnvironment().evaluate(REQUEST)).toEqual({ decision: true });
  });

  test('the same PDP when it says the same', () => {
    const environment = { PDP_URL: 'http://127.0.0.1:1' };
    expect(pdpFromEnvironment({ ...environment })).toBe(pdpFromEnvironment(environment));
    expect(pdpFromEnvironment({ ...environment, PDP_API_KEY: 'k' })).not.toBe(
      pdpFromEnvironment(environment),
    );
  });

  test('a remote PDP, whose client does what it is told besides', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const environment = { PDP_URL: server.url, PDP_API_KEY: 'key-1' };
    const events: string[] = [];
    const more = { cache: {}, onEvent: ({ type }: { type: string }) => void events.push(type) };
    const pdp = pdpFromEnvironment(environment, more);
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(events).toEqual(['cache-miss', 'attempt', 'cache-hit']);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer key-1']);
    expect(pdpFromEnvironment(environment, more)).toBe(pdp);
    expect(pdpFromEnvironment(environment)).not.toBe(pdp);
  });

  test('the address and the key, whatever else the client is told', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const environment = { PDP_URL: server.url, PDP_API_KEY: 'key-1' };
    const others = { url: 'http://127.0.0.1:1', apiKey: 'another' } as RemotePdpOptions;
    await pdpFromEnvironment(environment, others).evaluate(REQUEST);
    expect(server.received[0]?.headers.authorization).toBe('Bearer key-1');
  });

  test.each<[string, PdpEnvironment, string]>([
    ['nothing', {}, 'set PDP_URL (the address of a PDP), PDP_BUNDLE'],
    ['empty values', { PDP_URL: '', PDP_BUNDLE: '' }, 'set PDP_URL (the address of a PDP), PDP_BUNDLE'],
    ['two PDPs', { PDP_URL: 'http://pdp', PDP_BUNDLE: 'x.tar.gz' }, 'PDP_URL and PDP_BUNDLE are both set'],
    [
      'two keys',
      { PDP_URL: 'http://pdp', PDP_API_KEY: 'hunter2', PDP_API_KEY_SECRET: 'arn' },
      'are both set: keep one',
    ],
    [
      'a PDP and a store',
      { PDP_URL: 'http://pdp', PDP_SOURCE: SOURCE },
      'PDP_URL and PDP_SOURCE are both set',
    ],
    [
      'a store that is none',
      { PDP_SOURCE: 'https://x/y' },
      'PDP_SOURCE must be the address of an object, like s3://',
    ],
    [
      'no interval',
      { PDP_SOURCE: SOURCE, PDP_REFRESH_INTERVAL: '1m' },
      'PDP_REFRESH_INTERVAL must be a whole number of seconds',
    ],
    [
      'an interval of nothing',
      { PDP_SOURCE: SOURCE, PDP_REFRESH_INTERVAL: '0' },
      'PDP_REFRESH_INTERVAL must be',
    ],
    [
      'no bound',
      { PDP_SOURCE: SOURCE, PDP_MAX_STALE: '-1' },
      'PDP_MAX_STALE must be a whole number of seconds',
    ],
    [
      'a bound below the interval',
      { PDP_SOURCE: SOURCE, PDP_MAX_STALE: '59' },
      'PDP_MAX_STALE must not be less than',
    ],
    [
      'no key',
      { PDP_SOURCE: SOURCE, PDP_VERIFY_KEY: 'hunter2' },
      'PDP_VERIFY_KEY must be public keys in PEM form',
    ],
    [
      'an empty key, which is not none',
      { PDP_SOURCE: SOURCE, PDP_VERIFY_KEY: '' },
      'PDP_VERIFY_KEY must be public keys in PEM form',
    ],
    [
      'an empty bound',
      { PDP_SOURCE: SOURCE, PDP_MAX_STALE: '' },
      'PDP_MAX_STALE must be a whole number of seconds',
    ],
    [
      'neither yes nor no',
      { PDP_SOURCE: SOURCE, PDP_ALLOW_OLDER: 'yes' },
      'PDP_ALLOW_OLDER must be true or false',
    ],
    [
      'a key for no store',
      { PDP_BUNDLE: 'x', PDP_VERIFY_KEY: 'k' },
      'PDP_VERIFY_KEY is set without PDP_SOURCE',
    ],
    [
      'a bound for no store',
      { PDP_BUNDLE: 'x', PDP_MAX_STALE: '9' },
      'PDP_MAX_STALE is set without PDP_SOURCE',
    ],
    ['no address', { PDP_URL: 'pdp' }, 'url must be an http:// or https:// address'],
  ])('a mistake: %s', (_name, environment, message) => {
    const choose = () => pdpFromEnvironment(environment);
    expect(choose).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    );
    expect(choose).not.toThrow(/hunter2/);
  });
});

describe('a key in Secrets Manager', () => {
  // Loading the SDK for the first time takes longer on a busy machine than a question may.
  beforeAll(async () => {
    await import('@aws-sdk/client-secrets-manager');
  });

  /** Secrets Manager's own protocol, as the SDK speaks it; `secrets` are given out one after the other. */
  async function secretsManager(...secrets: (string | undefined)[]) {
    let given = 0;
    const server = await serve((_, response) => {
      const secret = secrets[Math.min(given, secrets.length - 1)];
      given += 1;
      if (secret === undefined)
        return answer(response, 400, { __type: 'ResourceNotFoundException', message: 'no such secret' });
      return answer(response, 200, { ARN: 'arn', Name: 'pdp', SecretString: secret });
    });
    const stub = {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    for (const [name, value] of Object.entries(stub)) vi.stubEnv(name, value);
    onTestFinished(() => vi.unstubAllEnvs() as never);
    return server;
  }

  test.each([
    ['a string', 'key-of-the-secret'],
    ['a line', 'key-of-the-secret\n'],
    ['a field', '{"apiKey":"key-of-the-secret"}'],
  ])('that is %s is read once and sent', async (_name, secret) => {
    const secrets = await secretsManager(secret);
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = pdpFromEnvironment({ PDP_URL: server.url, PDP_API_KEY_SECRET: 'arn:aws:secretsmanager:1' });
    const decisions = await Promise.all([pdp.evaluate(REQUEST), pdp.evaluate(REQUEST)]);
    expect([...decisions, await pdp.evaluate(REQUEST)]).toEqual([
      { decision: true },
      { decision: true },
      { decision: true },
    ]);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill('Bearer key-of-the-secret'),
    );
    expect(secrets.received).toHaveLength(1);
    expect(secrets.received[0]?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(JSON.parse(secrets.received[0]?.body ?? '')).toEqual({ SecretId: 'arn:aws:secretsmanager:1' });
  });

  test.each([
    ['is not there', undefined],
    ['is empty', ' '],
    ['has no such field', '{"password":"hunter2"}'],
    ['is broken JSON', '{"apiKey":'],
  ])('that %s: the PDP is not asked without it', async (_name, secret) => {
    await secretsManager(secret);
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = pdpFromEnvironment({ PDP_URL: server.url, PDP_API_KEY_SECRET: 'pdp-key' });
    const error = await pdp.evaluate(REQUEST).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      name: 'PdpUnavailableError',
      message: 'the key for the PDP cannot be read',
    });
    expect(String((error as Error).cause)).not.toContain('hunter2');
    expect(server.received).toHaveLength(0);
  });

  test('that could not be read while the module loaded is read by the first question', async () => {
    await secretsManager(undefined, 'key-2');
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = pdpFromEnvironment({ PDP_URL: server.url, PDP_API_KEY_SECRET: 'pdp-key' });
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(server.received[0]?.headers.authorization).toBe('Bearer key-2');
  });

  test('that could not be read at first is read with a later question', async () => {
    await secretsManager(undefined, undefined, 'key-2');
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = pdpFromEnvironment({ PDP_URL: server.url, PDP_API_KEY_SECRET: 'pdp-key' });
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    await vi.waitFor(async () => expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true }));
    expect(server.received[0]?.headers.authorization).toBe('Bearer key-2');
  });
});
