import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { afterAll, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/test-corpus.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
afterAll(() => rmSync(folder, { recursive: true }));

const POLICIES = `
  permit(principal, action, resource) when { principal.level > 9223372036854775806 };
  forbid(principal, action, resource) when { context.from.isLoopback() };
`;
const SCHEMA = `
  entity User = { level: Long };
  entity Doc;
  action read appliesTo { principal: User, resource: Doc, context: { from?: ipaddr } };
`;
const ENTITIES = '[{"uid":{"type":"User","id":"u"},"attrs":{"level":9223372036854775807},"parents":[]}]';

const ask = (context: unknown, decision: string, reason: string[], errors: string[]) => ({
  description: `Request from ${JSON.stringify(context)}`,
  principal: { type: 'User', id: 'u' },
  action: { type: 'Action', id: 'read' },
  resource: { type: 'Doc', id: 'd' },
  context,
  decision,
  reason,
  errors,
});
const ip = (arg: string) => ({ from: { __extn: { fn: 'ip', arg } } });
const RIGHT = [
  ask(ip('10.0.0.1'), 'allow', ['policy0'], []),
  ask(ip('127.0.0.1'), 'deny', ['policy1'], []),
  ask({}, 'allow', ['policy0'], ['policy1']),
];

async function run(requests: unknown[], policies = POLICIES) {
  const test = { policies: 'c/t.cedar', schema: 'c/t.cedarschema', entities: 'c/t.entities.json', requests };
  const files = {
    'c/t.cedar': policies,
    'c/t.cedarschema': SCHEMA,
    'c/t.entities.json': ENTITIES,
    'c/t.json': JSON.stringify(test),
  };
  const entries = Object.entries(files).map(([name, body]) => ({
    header: { name, size: Buffer.byteLength(body) },
    body,
  }));
  const path = join(folder, 'corpus-tests.tar.gz');
  writeFileSync(path, gzipSync(await packTar(entries)));
  return corpus(path);
}

function corpus(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n'), stderr };
}

it('counts each request of an archive twice: with its schema and without', async () => {
  expect(await run(RIGHT)).toEqual({
    status: 0,
    lines: ['1 files of tests, each with a schema and without', '6 passed, 0 failed'],
    stderr: '',
  });
});

it('fails on another decision, other reasons, other erring policies and what is refused', async () => {
  const wrong = [
    ask(ip('10.0.0.1'), 'deny', ['policy0'], []),
    ask(ip('10.0.0.1'), 'allow', ['policy0', 'policy1'], []),
    ask(ip('10.0.0.1'), 'allow', ['policy0'], ['policy1']),
    ask({ from: null }, 'allow', ['policy0'], []),
  ];
  const { status, lines } = await run([...RIGHT, ...wrong]);
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('6 passed, 8 failed');
  expect(lines[0]).toBe(
    `FAILED  c/t.json, ${wrong[0]?.description}, with the schema: expected deny by [policy0] with errors in [], got allow by [policy0] with errors in []`,
  );
  expect((await run(RIGHT, 'permit(')).lines.at(-1)).toBe('0 passed, 6 failed');
});

it('does not take what is no archive of tests for one that passes', () => {
  const path = join(folder, 'none.tar.gz');
  expect(corpus(path)).toMatchObject({ status: 2, stderr: expect.stringContaining('ENOENT') });
  writeFileSync(path, 'text');
  expect(corpus(path)).toMatchObject({ status: 2, stderr: expect.stringContaining('not a whole .tar.gz') });
  expect(corpus()).toMatchObject({ status: 2, stderr: expect.stringContaining('give the path') });
});
