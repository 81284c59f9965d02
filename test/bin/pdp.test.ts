import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VERSION } from '../../bin/version.ts';
import { directoryOf } from '../bundles.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const BUNDLE = {
  'p.cedar':
    '@id("staff-read") permit(principal in Group::"staff", action == Action::"read", resource);\n@id("odd") @advice("come back later") forbid(principal, action, resource) when { context.late };',
  's.cedarschema':
    'entity Group; entity User in [Group]; entity Doc; action read, write appliesTo { principal: User, resource: Doc, context: { late: Bool } };',
  'entities.json': JSON.stringify([
    { uid: { type: 'Group', id: 'staff' }, attrs: {}, parents: [] },
    { uid: { type: 'User', id: 'ann' }, attrs: {}, parents: [{ type: 'Group', id: 'staff' }] },
  ]),
};

const QUESTION = ['--subject', 'User::ann', '--resource', 'Doc::d'];
const ON_TIME = ['--context', '{"late":false}'];

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command as a user does, with no colour. */
function pdp(
  args: string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: '1', PDP_API_KEY: '', ...options.env };
  const child = spawn(process.execPath, [join(ROOT, 'bin/pdp.ts'), ...args], { env, cwd: ROOT });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  child.stdin.end(options.input ?? '');
  return new Promise((done) => child.on('close', (code) => done({ ...outcome, code })));
}

function expectNoStack({ stdout, stderr }: Outcome): void {
  expect(stdout + stderr).not.toMatch(/\n\s+at .*:\d+/);
}

it('has the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(VERSION).toBe(version);
  expect(await pdp(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

describe('help', () => {
  it.concurrent.each([
    'serve',
    'check',
    'test',
    'validate',
    'build',
    'publish',
    'rollback',
    'diff',
    'status',
    'rollout',
  ])('of %s says what it does and how it ends', async (command) => {
    const { code, stdout } = await pdp([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: pdp ${command}`);
    expect(stdout).toMatch(/Exit status|Signals/);
  });
});

describe('usage errors end with 2, a line and no stack', () => {
  it.concurrent.each([
    [['chek'], "unknown command 'chek'"],
    [['build'], "required option '-o, --output <file>' not specified"],
    [['validate', '/no/such/place'], '/no/such/place: no such directory or file'],
    [['validate', 'ftp://host/bundle'], 'ftp sources are not supported in this version'],
    [['validate', join(ROOT, 'LICENSE')], 'is not a whole .tar.gz'],
    [
      ['check', '.', '--subject', 'ann', '--action', 'read', '--resource', 'Doc::d'],
      '--subject: "ann" is not an entity',
    ],
    [
      ['check', '.', '--subject', 'U::"a', '--action', 'read', '--resource', 'Doc::d'],
      '--subject: the id of U::"a is not a quoted string',
    ],
    [['check', '.', '--action', 'read'], 'give --subject, --action and --resource'],
    [['check', '.', ...QUESTION, '--action', 'r', '--context', '[]'], '--context: is not a JSON object'],
    [['check', '.', '--request', '/no/such/file'], '--request: /no/such/file cannot be read'],
    [['check', '.', '--request', '-'], '--request: standard input is not JSON'],
    [['check', '--url', 'ftp://x', ...QUESTION, '--action', 'r'], '"ftp://x" is not an http or https URL'],
  ])('%j', async (args, message) => {
    const outcome = await pdp(args);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toBe('');
    expectNoStack(outcome);
  });
});

describe('validate', () => {
  it('says what is there', async () => {
    const directory = await directoryOf(BUNDLE);
    const { code, stdout } = await pdp(['validate', directory]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^valid {2}\S+: 2 policies, 2 entities, revision [0-9a-f]{16}\n$/);
  });

  it('lists every problem, also as JSON', async () => {
    const directory = await directoryOf({
      ...BUNDLE,
      'q.cedar': 'permit(;\n',
      'r.cedar': 'permit(principal, action, resource) when { 1 };',
    });
    const outcome = await pdp(['validate', directory]);
    expect(outcome.stderr.split('\n').map((line) => line.split(': ')[0])).toEqual(
      expect.arrayContaining(['q.cedar:1:8', 'r.cedar:1:44']),
    );
    expect(outcome.code).toBe(2);
    const json = await pdp(['validate', directory, '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      problems: [{ file: 'q.cedar', line: 1, column: 8 }, { file: 'r.cedar' }],
    });
  });
});

describe('build', () => {
  it('writes an archive that every command takes in place of the directory', async () => {
    const directory = await directoryOf(BUNDLE);
    const output = join(directory, 'out/bundle.tar.gz');
    const built = JSON.parse((await pdp(['build', directory, '--output', output, '--json'])).stdout);
    expect(built).toEqual({
      output,
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      bytes: (await readFile(output)).byteLength,
    });
    expect((await pdp(['validate', output])).stdout).toContain(built.revision);
    expect((await pdp(['check', output, ...QUESTION, '--action', 'read', ...ON_TIME])).code).toBe(0);
  });

  it('writes what a function reads, unpacked, where nothing is yet', async () => {
    const directory = await directoryOf(BUNDLE);
    const output = join(directory, 'out/pdp');
    const built = JSON.parse(
      (await pdp(['build', directory, '--output', output, '--unpacked', '--json'])).stdout,
    );
    const files = (await readdir(output, { recursive: true }))
      .filter((path) => path.endsWith('.json'))
      .sort();
    expect(files).toEqual([
      'built/entities.json',
      'built/policies.json',
      'built/schema.json',
      'manifest.json',
    ]);
    const contents = await Promise.all(files.map((path) => readFile(join(output, path))));
    expect(built).toEqual({
      output,
      revision: JSON.parse(contents[3]?.toString() ?? '').revision,
      bytes: contents.reduce((sum, { byteLength }) => sum + byteLength, 0),
    });

    const again = await pdp(['build', directory, '--output', output, '--unpacked']);
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be written (ENOTEMPTY)'),
    });
    expect(await readdir(join(directory, 'out'))).toEqual(['pdp']);
  });

  it.each(['/proc/x/y.tar.gz', '/no/such/place/y.tar.gz', '/'])('to %s is one line', async (output) => {
    const outcome = await pdp(['build', await directoryOf(BUNDLE), '-o', output]);
    expect(outcome.stderr).toMatch(/^pdp: --output: \S+ cannot be written \(E[A-Z]+\)\n$/);
    expect(outcome.code).toBe(2);
  });

  it('writes nothing when the bundle is not valid', async () => {
    const directory = await directoryOf({ 'p.cedar': 'permit(' });
    const output = join(directory, 'bundle.tar.gz');
    const outcome = await pdp(['build', directory, '-o', output]);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('p.cedar:1:8: unexpected end of input');
    await expect(readFile(output)).rejects.toThrow('ENOENT');
  });
});

describe('check', () => {
  it('of a source ends with 0 when allowed and 1 when denied, and says by what', async () => {
    const directory = await directoryOf(BUNDLE);
    const allowed = await pdp(['check', directory, ...QUESTION, '--action', 'read', ...ON_TIME]);
    expect(allowed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^allow {2}by staff-read\n/) });
    const denied = await pdp(['check', directory, ...QUESTION, '--action', 'write', ...ON_TIME]);
    expect(denied).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^deny {2}no policy permits it\n/),
    });
    const late = await pdp([
      'check',
      directory,
      ...QUESTION,
      '--action',
      'read',
      '--context',
      '{"late":true}',
      '--json',
    ]);
    expect(late.code).toBe(1);
    expect(JSON.parse(late.stdout)).toMatchObject({
      decision: false,
      context: { policies: ['odd'], advice: ['come back later'] },
    });
  });

  it('asks the official evaluator when told to', async () => {
    const directory = await directoryOf(BUNDLE);
    const args = ['check', directory, ...QUESTION, '--action', 'read', ...ON_TIME, '--evaluator'];
    expect(await pdp([...args, 'wasm'])).toEqual(await pdp([...args, 'compiled']));
    expect(await pdp([...args, 'rust'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are compiled, wasm'),
    });
  });

  it('says why a policy erred', async () => {
    const directory = await directoryOf({
      'p.cedar': '@id("p") permit(principal, action, resource) when { principal.level > 1 };',
    });
    const { stdout } = await pdp([
      'check',
      directory,
      '--subject',
      'User::"a b"',
      '--action',
      'x',
      '--resource',
      'D::"d::e"',
    ]);
    expect(stdout).toMatch(/policy p erred and did not apply: .*the entity does not exist/);
  });

  it('refuses a value that Cedar cannot hold', async () => {
    const directory = await directoryOf(BUNDLE);
    const outcome = await pdp([
      'check',
      directory,
      ...QUESTION,
      '--action',
      'read',
      '--context',
      '{"late":"no"}',
    ]);
    expect(outcome).toMatchObject({ code: 2, stderr: 'pdp: context.late: is not a boolean\n' });
  });

  it('asks a running PDP with --url and its key, whole requests too', async () => {
    const seen: unknown[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      seen.push([request.url, request.headers.authorization, JSON.parse(Buffer.concat(chunks).toString())]);
      if (request.headers.authorization !== 'Bearer k3y') response.statusCode = 401;
      response.end(JSON.stringify({ decision: true, context: { policies: ['remote'] } }));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((done) => server.once('listening', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const request = {
      subject: { type: 'User', id: 'ann' },
      action: { name: 'read' },
      resource: { type: 'Doc', id: 'd' },
    };
    const options = { input: JSON.stringify(request), env: { PDP_API_KEY: 'k3y' } };
    expect(await pdp(['check', '--url', url, '--request', '-'], options)).toMatchObject({
      code: 0,
      stdout: 'allow  by remote\n',
    });
    expect(seen).toEqual([['/access/v1/evaluation', 'Bearer k3y', request]]);
    const refused = await pdp(['check', '--url', url, '--request', '-'], {
      ...options,
      env: { PDP_API_KEY: 'wr0ng' },
    });
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('answered 401: set PDP_API_KEY to its key'),
    });
    expect(refused.stderr).not.toContain('wr0ng');
  });
});

it('says when no PDP answers at --url', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const outcome = await pdp(['check', '--url', `http://127.0.0.1:${port}`, ...QUESTION, '--action', 'read']);
  expect(outcome).toMatchObject({
    code: 2,
    stderr: `pdp: --url: no answer from http://127.0.0.1:${port} (ECONNREFUSED)\n`,
  });
});

describe('test', () => {
  const test = (name: string, action: string, decision: boolean, policies?: string[]) => ({
    name,
    request: {
      subject: { type: 'User', id: 'ann' },
      action: { name: action },
      resource: { type: 'Doc', id: 'd' },
      context: { late: false },
    },
    decision,
    ...(policies ? { policies } : {}),
  });

  it('passes, or names what differs', async () => {
    const good = [test('reads', 'read', true, ['staff-read']), test('does not write', 'write', false, [])];
    const directory = await directoryOf({ ...BUNDLE, 'tests/good.json': JSON.stringify(good) });
    expect(await pdp(['test', directory])).toEqual({
      code: 0,
      stdout: 'passed  2 decision tests\n',
      stderr: '',
    });

    const bad = [test('writes', 'write', true), test('reads by other means', 'read', true, ['other'])];
    const failing = await directoryOf({ ...BUNDLE, 'tests/bad.json': JSON.stringify(bad, null, 1) });
    const { code, stdout } = await pdp(['test', failing]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        'FAIL  writes  tests/bad.json:2',
        '      expected allow',
        '      got      deny by no policy',
        'FAIL  reads by other means  tests/bad.json:22',
        '      expected allow by other',
        '      got      allow by staff-read',
        '0 decision tests passed, 2 failed',
        '',
      ].join('\n'),
    );
    const json = JSON.parse((await pdp(['test', failing, '--json'])).stdout);
    expect(json).toMatchObject({
      passed: 0,
      failed: 2,
      results: [{ name: 'writes', passed: false, actual: { decision: false } }, {}],
    });
  });

  it.each([
    ['[{"name":"x"}]', 'decision: must be true or false'],
    ['[{"name":"x","decision":true,"request":{}}]', 'subject: is required'],
    [
      '[{"name":"x","decision":true,"decison":1}]',
      'decison: is not one of name, request, decision, policies',
    ],
    ['{}', 'must be a list of decision tests'],
  ])('refuses %s', async (text, message) => {
    const directory = await directoryOf({ ...BUNDLE, 'tests/t.json': text });
    const outcome = await pdp(['test', directory]);
    expect(outcome.stderr).toContain(`tests/t.json:1:${text.startsWith('[') ? 2 : 1}: ${message}`);
    expect(outcome.code).toBe(2);
  });

  it('writes the tests that passed for a deployment gate, and none when one failed', async () => {
    const test = {
      name: 'ann reads',
      request: {
        subject: { type: 'User', id: 'ann' },
        action: { name: 'read' },
        resource: { type: 'Doc', id: 'd' },
        context: { late: false },
      },
    };
    const source = await directoryOf({
      ...BUNDLE,
      'tests/good.json': JSON.stringify([{ ...test, decision: true, policies: ['staff-read'] }]),
    });
    const file = join(source, 'expected.json');
    const { code, stdout } = await pdp(['test', source, '--export', file, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      revision: JSON.parse(stdout).revision,
      tests: [{ ...test, decision: true, policies: ['staff-read'] }],
    });

    const bad = await directoryOf({
      ...BUNDLE,
      'tests/bad.json': JSON.stringify([{ ...test, decision: false }]),
    });
    expect(await pdp(['test', bad, '--export', join(bad, 'expected.json')])).toMatchObject({ code: 1 });
    expect(await readdir(bad)).not.toContain('expected.json');
  });

  it('writes the revision alone for a bundle without tests', async () => {
    const source = await directoryOf(BUNDLE);
    const file = join(source, 'expected.json');
    expect(await pdp(['test', source, '--export', file])).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      tests: [],
    });
    const outcome = await pdp(['test', source, '--export', '/no/such/place/expected.json']);
    expect(outcome).toMatchObject({
      code: 2,
      stderr: 'pdp: --export: /no/such/place/expected.json cannot be written (ENOENT)\n',
    });
  });

  it('wants tests', async () => {
    const outcome = await pdp(['test', await directoryOf(BUNDLE)]);
    expect(outcome).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are no decision tests in tests/*.json'),
    });
  });
});
