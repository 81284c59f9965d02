import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { OPAClient } from '@open-policy-agent/opa';
import { Permit } from 'permitio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const KEY = 'key-of-the-application';
const SAMPLE = ['pdp-container/policies', '--permit-user-type', 'User', '--permit-tenant-type', 'Tenant'];

/**
 * Permit's SDK knows no port but 8181. On Linux all of 127.0.0.0/8 is this machine's: on an address of its own the
 * port is free whatever else runs.
 */
const HOST =
  process.platform === 'linux' ? `127.81.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}` : '127.0.0.1';

interface Running {
  url: string;
  opaUrl: string;
  stop(): Promise<void>;
}

/** The command as a user starts it, with the OPA port that it has by itself. */
async function serve(): Promise<Running> {
  const { PDP_OPA_PORT: _off, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    ['bin/pdp.ts', 'serve', ...SAMPLE, '--permit-role-type', 'Role', '--host', HOST, '--port', '0'],
    { cwd: ROOT, env: { ...inherited, PDP_API_KEY: KEY }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
  };
  let urls = { url: '', opaUrl: '' };
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url, opaUrl } = JSON.parse(line);
      if (msg === 'listening') urls = { url, opaUrl };
      if (msg === 'revision active') resolve();
    });
    child.once('close', () => reject(new Error('it ended')));
  });
  return { ...urls, stop };
}

let pdp: Running;
beforeAll(async () => {
  pdp = await serve();
}, 60_000);
afterAll(() => pdp.stop());

it('listens where OPA does', () => {
  expect(pdp.opaUrl).toBe(`http://${HOST}:8181`);
});

describe("OPA's SDK, as it is published", () => {
  const opa = (key = KEY) => new OPAClient(pdp.opaUrl, { headers: { Authorization: `Bearer ${key}` } });
  const input = (user: string, action: string) => ({
    subject: { type: 'User', id: user },
    action: { name: action },
    resource: { type: 'Note', id: 'acme/roadmap' },
  });
  const question = (user: string) => ({
    user: { key: user },
    action: 'edit',
    resource: { type: 'Note', key: 'acme/roadmap', tenant: 'acme' },
  });

  it.each([
    ['authzen/allow', input('bob', 'edit'), true],
    ['authzen/allow', input('carol', 'edit'), false],
    ['cedar/reasons', input('bob', 'edit'), ['editors-write']],
    ['permit/root/allow', question('bob'), true],
    ['permit/root/allow', question('erin'), false],
    ['permit/any_tenant/allowed_tenants/0/tenant/key', question('frank'), 'globex'],
    ['cedar/nothing', input('bob', 'edit'), undefined],
    ['nothing', {}, undefined],
  ])('evaluate %s', async (path, asked, result) => {
    expect(await opa().evaluate(path, asked)).toEqual(result);
  });

  it('evaluate without an input is undefined, which is not allowed', async () => {
    expect(await opa().evaluate('authzen/allow')).toBeUndefined();
  });

  it('evaluate with functions to and from', async () => {
    const asked = { toInput: () => input('bob', 'edit') };
    const fromResult = (result: unknown) => (result as { decision: string }).decision;
    expect(await opa().evaluate('cedar', asked, { fromResult })).toBe('allow');
  });

  it('evaluateDefault; a result of false throws, as it does with every server', async () => {
    expect(await opa().evaluateDefault(input('bob', 'edit'))).toBe(true);
    await expect(opa().evaluateDefault(input('carol', 'edit'))).rejects.toBe('no result in API response');
  });

  it('evaluateBatch, by one call for each', async () => {
    const inputs = { bob: input('bob', 'edit'), carol: input('carol', 'edit') };
    const client = opa();
    await expect(client.evaluateBatch('authzen/allow', inputs)).rejects.toThrow('Status 404');
    expect(await client.evaluateBatch('authzen/allow', inputs, { fallback: true })).toEqual({
      bob: true,
      carol: false,
    });
    const mixed = { bob: input('bob', 'edit'), nobody: {} };
    expect(await client.evaluateBatch('authzen/allow', mixed, { fallback: true })).toEqual({
      bob: true,
      nobody: expect.objectContaining({ code: 'invalid_parameter', message: 'subject: is required' }),
    });
    await expect(
      client.evaluateBatch('authzen/allow', mixed, { fallback: true, rejectMixed: true }),
    ).rejects.toMatchObject({ code: 'invalid_parameter' });
  });

  it('errors are what the SDK knows them as', async () => {
    await expect(opa().evaluate('authzen/allow', {})).rejects.toMatchObject({
      name: 'ClientError',
      code: 'invalid_parameter',
      message: 'subject: is required',
    });
    await expect(opa().evaluateDefault()).rejects.toMatchObject({
      name: 'ClientError',
      code: 'invalid_parameter',
    });
    await expect(opa('other').evaluate('authzen/allow', input('bob', 'edit'))).rejects.toThrow('Status 401');
    await expect(
      opa().getFilters('authzen/allow', input('bob', 'edit'), { target: 'postgresql' }),
    ).rejects.toThrow('Status 501');
  });
});

describe("Permit's SDK with useOpa", () => {
  const permit = (more: object = {}) =>
    new Permit({ pdp: pdp.url, token: KEY, log: { level: 'silent' }, ...more });
  const ROADMAP = { type: 'Note', key: 'acme/roadmap', tenant: 'acme' };
  const check = (user: string, sdk = permit(), more: object = {}) =>
    sdk.check(user, 'edit', ROADMAP, {}, { useOpa: true, ...more });

  it.each([
    ['alice', true],
    ['bob', true],
    ['carol', false],
    ['erin', false],
  ])('check %s is %s, as without it', async (user, allowed) => {
    expect(await check(user)).toBe(allowed);
    expect(await permit().check(user, 'edit', ROADMAP)).toBe(allowed);
  });

  it('a wrong key throws, or is a deny', async () => {
    const wrong = permit({ token: 'other' });
    await expect(check('bob', wrong)).rejects.toThrow('status code 401');
    expect(await check('bob', wrong, { throwOnError: false })).toBe(false);
  });

  it('a question that is not valid throws, or is a deny', async () => {
    await expect(check('')).rejects.toThrow('status code 400');
    expect(await check('', permit(), { throwOnError: false })).toBe(false);
  });
});
