import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Permit } from 'permitio';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const KEY = 'key-of-the-application';
const SAMPLE = ['pdp-container/policies', '--permit-user-type', 'User', '--permit-tenant-type', 'Tenant'];

interface Running {
  url: string;
  stop(): Promise<void>;
}

/** A process of this checkout, as a user starts it, once a line says where it answers and another that it is ready. */
async function run(args: string[], env: Record<string, string>, at: RegExp, ready: RegExp): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
  };
  let url = '';
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      url = at.exec(line)?.[1] ?? url;
      if (ready.test(line)) resolve();
    });
    child.once('close', () => reject(new Error('it ended')));
  });
  return { url, stop };
}

const serve = (...options: string[]) =>
  run(
    ['bin/pdp.ts', 'serve', ...SAMPLE, '--permit-role-type', 'Role', '--port', '0', ...options],
    { PDP_API_KEY: KEY },
    /"url":"([^"]+)"/,
    /"msg":"revision active"/,
  );

const sdk = (pdp: string, more: object = {}) =>
  new Permit({ pdp, token: KEY, log: { level: 'silent' }, ...more });

const ROADMAP = { type: 'Note', key: 'acme/roadmap', tenant: 'acme' };
const attributes = (tenant: string) =>
  Object.fromEntries(
    ['admin', 'editor', 'viewer'].map((role) => [
      `${role}s`,
      { __entity: { type: 'Role', id: `${tenant}/${role}` } },
    ]),
  );
const tenant = (key: string) => ({ key, attributes: attributes(key) });

describe("Permit's Node SDK, as it is published", { timeout: 60_000 }, () => {
  let pdp: Running;
  beforeAll(async () => {
    pdp = await serve();
  });
  afterAll(() => pdp.stop());

  it.each<[string, string, string, object | string, boolean]>([
    ['an editor edits', 'bob', 'edit', ROADMAP, true],
    ['a viewer does not', 'carol', 'edit', ROADMAP, false],
    ['a member of another tenant does not', 'erin', 'view', ROADMAP, false],
    ['anything of a type in a tenant', 'bob', 'create', { type: 'Folder', tenant: 'acme' }, true],
    ['anything of a type in another', 'bob', 'create', { type: 'Folder', tenant: 'globex' }, false],
    ["in the SDK's default tenant, which the sample has not", 'bob', 'edit', 'Note:acme/roadmap', false],
  ])('check: %s', async (_, user, action, resource, allowed) => {
    expect(await sdk(pdp.url).check(user, action, resource as typeof ROADMAP)).toBe(allowed);
  });

  it('check: users and resources with attributes, and context', async () => {
    const note = { type: 'Note', key: 'acme/roadmap', tenant: 'acme', attributes: { archived: true } };
    expect(await sdk(pdp.url).check('bob', 'edit', note)).toBe(false);
    const contractor = { key: 'bob', firstName: 'Bob', attributes: { contractor: true } };
    const at = (now: string) => sdk(pdp.url).check(contractor, 'edit', ROADMAP, { now });
    expect([await at('2026-03-02T09:00:00Z'), await at('2026-03-02T19:00:00Z')]).toEqual([true, false]);
  });

  it('check: in the stored tenant, where the SDK sends none', async () => {
    const permit = sdk(pdp.url, { multiTenancy: { useDefaultTenantIfEmpty: false } });
    expect(await permit.check('bob', 'edit', 'Note:acme/roadmap')).toBe(true);
    expect(await permit.check('erin', 'edit', 'Note:acme/roadmap')).toBe(false);
  });

  it('bulkCheck', async () => {
    const checks = ['alice', 'carol', 'bob', 'erin'].map((user) => ({
      user,
      action: 'edit',
      resource: ROADMAP,
    }));
    expect(await sdk(pdp.url).bulkCheck(checks)).toEqual([true, false, true, false]);
    expect(await sdk(pdp.url).bulkCheck([])).toEqual([]);
  });

  it('getUserPermissions', async () => {
    const permit = sdk(pdp.url);
    const acme = {
      tenant: tenant('acme'),
      permissions: ['Folder:view', 'Note:view'],
      roles: ['viewer'],
    };
    const globex = {
      tenant: tenant('globex'),
      permissions: ['Folder:create', 'Folder:view', 'Note:edit', 'Note:view'],
      roles: ['editor'],
    };
    expect(await permit.getUserPermissions('frank')).toEqual({
      '__tenant:acme': acme,
      '__tenant:globex': globex,
    });
    expect(await permit.getUserPermissions('frank', ['globex'])).toEqual({ '__tenant:globex': globex });
    const shown = await permit.getUserPermissions('frank', [], ['Note:globex/roadmap', 'Note:acme/design']);
    expect(Object.entries(shown).map(([id, { permissions }]) => [id, permissions])).toEqual([
      ['Note:globex/roadmap', ['Note:edit', 'Note:view']],
      ['Note:acme/design', ['Note:view']],
    ]);
    const folders = await permit.getUserPermissions('frank', ['acme'], [], ['Folder']);
    expect(Object.keys(folders)).toEqual([
      'Folder:acme/projects',
      'Folder:acme/projects/design-docs',
      'Folder:acme/team',
    ]);
    expect(await permit.getUserPermissions('erin', ['acme'])).toEqual({});
  });

  it('a wrong key throws, or is a deny when the SDK is told not to throw', async () => {
    const wrong = sdk(pdp.url, { token: 'another' });
    await expect(wrong.check('bob', 'edit', ROADMAP)).rejects.toThrow('status code 403');
    await expect(wrong.bulkCheck([{ user: 'bob', action: 'edit', resource: ROADMAP }])).rejects.toThrow(
      '403',
    );
    await expect(wrong.getUserPermissions('bob')).rejects.toThrow('403');
    const quiet = sdk(pdp.url, { token: 'another', throwOnError: false });
    expect(await quiet.check('bob', 'edit', ROADMAP)).toBe(false);
    expect(await quiet.bulkCheck([{ user: 'bob', action: 'edit', resource: ROADMAP }])).toEqual([]);
    expect(await quiet.getUserPermissions('bob')).toEqual({});
    expect(await wrong.check('bob', 'edit', ROADMAP, {}, { throwOnError: false })).toBe(false);
    await expect(quiet.check('bob', 'edit', ROADMAP, {}, { throwOnError: true })).rejects.toThrow('403');
  });

  it('a question that is not valid throws, or is a deny', async () => {
    const permit = sdk(pdp.url);
    await expect(permit.check('', 'edit', ROADMAP)).rejects.toThrow('status code 422');
    expect(await permit.check('', 'edit', ROADMAP, {}, { throwOnError: false })).toBe(false);
  });

  it('checkAllTenants throws, for the SDK sends no key with it', async () => {
    await expect(sdk(pdp.url).checkAllTenants('frank', 'view', 'Note', {}, 'node')).rejects.toThrow(
      'status code 401',
    );
  });
});

describe('with --permit-key-in-body', { timeout: 60_000 }, () => {
  let pdp: Running;
  beforeAll(async () => {
    pdp = await serve('--permit-key-in-body');
  });
  afterAll(() => pdp.stop());

  it.each([
    ['frank', 'view', 'Note', ['acme', 'globex']],
    ['frank', 'edit', { type: 'Note' }, ['globex']],
    ['bob', 'edit', { type: 'Note', key: 'acme/roadmap' }, ['acme']],
    ['dave', 'edit', 'Note', []],
  ])('checkAllTenants: %s %s %j', async (user, action, resource, keys) => {
    const allowed = sdk(pdp.url).checkAllTenants(user, action, resource, {}, 'node');
    expect(await allowed).toEqual(keys.map(tenant));
  });

  it('checkAllTenants throws with a wrong key', async () => {
    const wrong = sdk(pdp.url, { token: 'another' });
    await expect(wrong.checkAllTenants('frank', 'view', 'Note', {}, 'node')).rejects.toThrow(
      'status code 403',
    );
  });
});

it('asks what npm start has started', { timeout: 60_000 }, async () => {
  const started = await run(
    ['bin/start.ts'],
    { PDP_PORT: '0', PORT: '0', NO_COLOR: '1' },
    /PDP +(http:\/\/127\.0\.0\.1:\d+)/,
    /Ctrl-C stops everything/,
  );
  onTestFinished(() => started.stop());
  const permit = sdk(started.url);
  expect(await permit.check('bob', 'edit', ROADMAP)).toBe(true);
  expect(await permit.check('erin', 'edit', ROADMAP)).toBe(false);
  expect(await permit.checkAllTenants('frank', 'edit', 'Note', {}, 'node')).toEqual([tenant('globex')]);
});
