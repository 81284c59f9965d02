import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Packed, Project, pack } from './project.ts';

const POLICIES = 'node_modules/serverless-pdp/dist/pdp-container/policies';

let directory: string;
let packed: Packed;

beforeAll(async () => {
  // Its real path: what is resolved through links must not be named otherwise.
  directory = await realpath(await mkdtemp(join(tmpdir(), 'serverless-pdp-package-')));
  packed = await pack(directory);
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

test('has what runs and nothing else', () => {
  const paths = packed.files.map(({ path }) => path);
  const outside = paths.filter((path) => !path.startsWith('dist/'));
  expect(outside.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
  expect(new Set(paths.filter((path) => path.startsWith('dist/')).map((path) => path.split('/')[1]))).toEqual(
    new Set(['bin', 'compiler', 'engine', 'functions', 'image', 'lambda', 'lib', 'pdp-container']),
  );
  expect(paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([]);
  expect(paths.filter((path) => /sample\/local|bin\/(start|app)/.test(path))).toEqual([]);
  const command = packed.files.find(({ path }) => path === 'dist/bin/pdp.js');
  expect(command?.mode).toBe(0o755);
});

describe('in a function, where CDK is not installed', () => {
  let project: Project;
  let bundle: string;

  beforeAll(async () => {
    project = await Project.create(join(directory, 'function'), packed.tarball);
    await project.install(['@middy/core', '@aws-lambda-powertools/event-handler', 'hono']);
    bundle = join(project.directory, 'bundle.tar.gz');
    await project.pdp('build', POLICIES, '--output', bundle);
  });

  test('serverless-pdp/middleware decides for a middy handler', async () => {
    const asked = ['alice', 'bob'].map((id) => ({
      subject: { type: 'User', id },
      action: { name: 'view' },
      resource: { type: 'Note', id: 'one' },
    }));
    expect(await project.run('middleware.mjs')).toEqual({ asked, answers: [[200, 'alice'], [403], [401]] });
  });

  test('its adapters decide for a handler without middy, in Powertools and in Hono', async () => {
    const answers = [
      [200, 'alice'],
      [403, 'Forbidden'],
      [401, 'Unauthorized'],
    ];
    expect(await project.run('frameworks.mjs')).toEqual({
      withAuthorization: answers,
      powertools: answers,
      hono: answers,
    });
  });

  test('serverless-pdp/authorizer answers API Gateway, by tokens that serverless-pdp/verified-jwt verified', async () => {
    expect(await project.run('authorizer.mjs')).toEqual([true, false, 'Unauthorized']);
  });

  test('pdp serve answers, and serverless-pdp/client asks it', async () => {
    const { url, stop } = await project.serve(bundle, 'the-key');
    try {
      expect((await fetch(`${url}/ready`)).status).toBe(200);
      expect(await project.run('client.mjs', [url, 'the-key'])).toEqual({
        one: true,
        policies: ['editors-write'],
        all: [true, false],
        refused: true,
      });
    } finally {
      await stop();
    }
  });

  test('serverless-pdp/embedded decides by a bundle that the command built', async () => {
    expect(await project.run('embedded.mjs', [bundle])).toEqual([true, false]);
  });

  test('serverless-pdp/observe writes metrics, and asks without a span where OpenTelemetry is not installed', async () => {
    expect(await project.run('observe.mjs')).toEqual({
      lines: [{ Service: 'notes', Decisions: 1, Denials: 0, DecisionTime: [1500], Errors: 0 }],
      decisions: [true, false],
      asked: ['view', 'edit'],
    });
  });

  test('a function that is packed with serverless-pdp/observe needs no OpenTelemetry', async () => {
    const contents = "import { traced } from 'serverless-pdp/observe'; console.log(typeof traced);";
    const outfile = join(project.directory, 'packed.mjs');
    const { warnings } = await build({
      stdin: { contents, resolveDir: project.directory },
      absWorkingDir: project.directory,
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
    });
    expect(warnings).toEqual([]);
    expect(await readFile(outfile, 'utf8')).toContain('import("@opentelemetry/api")');
  });

  test('serverless-pdp/compiler and serverless-pdp/engine agree with the command on the revision', async () => {
    const { revision } = JSON.parse(await project.pdp('build', bundle, '--output', 'again.tar.gz', '--json'));
    expect(revision).toMatch(/^[0-9a-f]{16}$/);
    expect(await project.run('engine.mjs', [bundle])).toEqual({ revision, decision: true, damaged: true });
    expect(await project.run('compiler.mjs', [POLICIES])).toEqual({
      revisions: [revision, revision],
      problems: ['notes.cedar:2'],
    });
  });

  test('CommonJS takes them too', async () => {
    const { exports } = project.manifest;
    // CDK's is for another place, and vitest's own runs in vitest alone.
    const others = ['.', './package.json', './testing/vitest'];
    const paths = Object.keys(exports)
      .filter((path) => !others.includes(path))
      .map((path) => path.replace('./', ''));
    expect(await project.run('commonjs.cjs')).toEqual(
      Object.fromEntries(paths.map((path) => [path, 'function'])),
    );
  });

  test('what is not listed cannot be imported', async () => {
    const paths = ['dist/engine/index.js', 'lambda/middleware', 'bin/pdp', 'lib/private/bundle.js'];
    const specifiers = paths.map((path) => `serverless-pdp/${path}`);
    expect(await project.run('unlisted.mjs', specifiers)).toEqual(
      Object.fromEntries(specifiers.map((path) => [path, 'ERR_PACKAGE_PATH_NOT_EXPORTED'])),
    );
    // CDK is the app's to install: a function does without.
    expect(await project.run('unlisted.mjs', ['serverless-pdp'])).toEqual({
      'serverless-pdp': 'ERR_MODULE_NOT_FOUND',
    });
  });

  test('a function that asks a remote PDP carries no server, and runs no evaluator', async () => {
    const entry = `
      import { authorize, fromJwtClaims } from 'serverless-pdp/middleware';
      import { createPdpClient } from 'serverless-pdp/client';
      const pdp = createPdpClient({ url: 'http://pdp:7000' });
      const subject = fromJwtClaims({ type: 'User' });
      export const { before } = authorize({ subject, action: 'view', resource: { type: 'Note', id: '1' }, pdp });
    `;
    const { metafile, outputFiles } = await build({
      stdin: { contents: entry, resolveDir: project.directory },
      absWorkingDir: project.directory,
      outdir: 'out',
      write: false,
      bundle: true,
      minify: true,
      // The evaluator, imported only when PDP_BUNDLE is set, in a file of its own.
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      external: ['@aws-sdk/*'],
      metafile: true,
    });
    const server =
      /aws-jwt-verify|fastify|prom-client|pino|commander|jsonc-parser|dist\/(bin|compiler|pdp-container|lib)\//;
    expect(Object.keys(metafile.inputs).filter((path) => server.test(path))).toEqual([]);
    expect(Object.keys(metafile.inputs)).toContain(
      'node_modules/serverless-pdp/dist/lambda/client/client.js',
    );

    const atStart = new Set(['out/stdin.js']);
    for (const output of atStart) {
      const { imports } = metafile.outputs[output] ?? { imports: [] };
      for (const { path, kind, external } of imports) {
        if (kind === 'import-statement' && !external) atStart.add(path);
      }
    }
    const loaded = [...atStart].flatMap((output) => Object.keys(metafile.outputs[output]?.inputs ?? {}));
    expect(loaded.filter((path) => /cedar|local-pdp/.test(path))).toEqual([]);
    const bytes = [...atStart].reduce((sum, output) => sum + (metafile.outputs[output]?.bytes ?? 0), 0);
    // 28 kB at the start, 123 kB with the evaluator and what follows a store: a fifth more is worth a look at what came in.
    expect(bytes).toBeLessThan(34_000);
    expect(outputFiles.reduce((sum, { contents }) => sum + contents.length, 0)).toBeLessThan(148_000);
  });
});

describe.concurrent('in a CDK app, with the code of the README', { timeout: 120_000 }, () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.create(join(directory, 'app'), packed.tarball);
    await project.install([...Object.keys(project.manifest.peerDependencies), '@types/node', 'esbuild']);
    await mkdir(join(project.directory, 'src'));
    await cp(join(project.directory, POLICIES), join(project.directory, 'policies'), { recursive: true });
    const [handler, stack] = await readmeCode();
    await writeFile(join(project.directory, 'src/view-note.ts'), handler);
    await writeFile(join(project.directory, 'src/notes-stack.ts'), stack);
  });

  test('its types hold, and so do mistakes', async () => {
    await writeFile(join(project.directory, 'src/consumer.ts'), CONSUMER);
    const files = ['src/view-note.ts', 'src/notes-stack.ts', 'src/consumer.ts'];
    expect(await project.typeCheck(files)).toEqual([]);
  });

  test('it synthesizes, and the function that comes out decides', async () => {
    const templates = ['Decisions.template.json', 'Notes.template.json'];
    expect(await project.run('app.mjs')).toEqual({ templates, refused: true });
    const assembly = join(project.directory, 'cdk.out');
    const assets = (await readdir(assembly)).filter((name) => name.startsWith('asset.'));
    const contents = new Map<string, string[]>();
    for (const asset of assets) {
      contents.set(asset, (await readdir(join(assembly, asset), { recursive: true })).sort());
    }
    const holding = (name: string) => [...contents].find(([, files]) => files.includes(name))?.[0] ?? '';

    // And what the programs import, with a hash in its name.
    const image = contents.get(holding('Dockerfile'))?.filter((name) => !/-[A-Z0-9]{8}\.mjs$/.test(name));
    expect(image).toEqual([
      'Dockerfile',
      'Dockerfile.git',
      'bundle.tar.gz',
      'cedar_wasm_bg.wasm',
      'compile-worker.mjs',
      'empty',
      'empty/.keep',
      'healthcheck.mjs',
      'pdp.mjs',
    ]);
    // As Lambda unpacks them, away from every node_modules.
    const [task, opt] = [join(directory, 'task'), join(directory, 'opt')];
    await cp(join(assembly, await functionAsset(assembly)), task, { recursive: true });
    await cp(join(assembly, holding('pdp/manifest.json')), opt, { recursive: true });
    expect(await project.run('invoke.mjs', [task, join(opt, 'pdp')])).toEqual([200, 403, 401]);
  });
});

/** The code of the one function in the stack that the README shows. */
async function functionAsset(assembly: string): Promise<string> {
  const { Resources } = JSON.parse(await readFile(join(assembly, 'Notes.template.json'), 'utf8'));
  const resources = Object.values(Resources as Record<string, { Type: string; Properties: unknown }>);
  const found = resources.find(({ Type }) => Type === 'AWS::Lambda::Function')?.Properties;
  return `asset.${(found as { Code: { S3Key: string } }).Code.S3Key.replace('.zip', '')}`;
}

/** The handler and the stack that the README shows. */
async function readmeCode(): Promise<[string, string]> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? '');
  const handler = blocks.find((code) => code.includes('export const handler'));
  const stack = blocks.find((code) => code.includes('extends Stack'));
  if (handler === undefined || stack === undefined)
    throw new Error('the README shows no handler or no stack');
  return [handler, stack];
}

const CONSUMER = `
import { apiGatewayAuthorizer, appSyncAuthorizer, type AuthorizerResult } from 'serverless-pdp/authorizer';
import { compileInWorker } from 'serverless-pdp/compiler';
import { createEmbeddedPdp } from 'serverless-pdp/embedded';
import { createPdpClient, PdpUnavailableError, type PdpClientOptions } from 'serverless-pdp/client';
import { createPdp, type Decision, type PolicyDecisionPoint } from 'serverless-pdp/engine';
import { authorize, type Authorization, fromBody, fromJwtClaims } from 'serverless-pdp/middleware';
import { authorizeRecords, fromSqsSender } from 'serverless-pdp/records';
import { authorize as inHono } from 'serverless-pdp/hono';
import { type AuthorizationEnv, authorize as inRouter } from 'serverless-pdp/powertools';
import { withAuthorization } from 'serverless-pdp/with-authorization';
import { FargatePdp, type FargatePdpProps, type IPdp } from 'serverless-pdp';
import { type ObserveOptions, observe, traced } from 'serverless-pdp/observe';
import { FakePdp, httpApiEvent, type QuestionPattern } from 'serverless-pdp/testing';
import 'serverless-pdp/testing/vitest';
import { fromVerifiedJwt } from 'serverless-pdp/verified-jwt';
import { expect } from 'vitest';
// @ts-expect-error: not exported
import { once } from 'serverless-pdp/dist/lambda/lazy.js';

const options: PdpClientOptions = { url: new URL('http://pdp:7000'), timeoutMs: 100 };
// One contract, whichever placement.
const pdps: PolicyDecisionPoint[] = [
  createPdpClient(options),
  createEmbeddedPdp({ bundle: 'bundle.tar.gz' }),
  traced(new FakePdp()),
];
const observed: ObserveOptions = { logger: console, metrics: { namespace: 'Notes' } };
export const told = [observe(observed).onDecision, httpApiEvent({ claims: { sub: 'alice' } }).requestContext];
export const pattern: QuestionPattern = { subject: { id: 'alice' }, action: 'view' };
export const matched = (pdp: FakePdp) => expect(pdp).toHaveAsked(pattern);

export async function ask(directory: string): Promise<Decision> {
  const result = await compileInWorker({ layers: [{ name: 'policies', content: { directory } }] });
  if (!result.ok) throw new PdpUnavailableError(result.problems.map(({ message }) => message).join());
  pdps.push(createPdp(result.bundle));
  const context: Authorization['context'] = { now: '2026-01-01T00:00:00Z' };
  return createPdp(result.bundle).evaluate({
    subject: { type: 'User', id: 'alice' },
    action: { name: 'view' },
    resource: { type: 'Note', id: 'one' },
    context,
  });
}

export const authorizer = apiGatewayAuthorizer({
  subject: fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com', audience: ['notes'] }),
  action: 'view',
  resource: ({ pathParameters }) => ({ type: 'Note', id: pathParameters?.note ?? '' }),
});
export type Authorized = Awaited<ReturnType<typeof authorizer>> & AuthorizerResult;

const subject = fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com', audience: 'notes' });
const question = { subject, action: 'view', resource: { type: 'Note', id: 'one' } };
export const appSync = appSyncAuthorizer({ ...question, fields: { 'Note.history': 'audit' } });
export const plain = withAuthorization(question, async (_event, { authorization }) => authorization.subject.id);
export const inFrameworks: [AuthorizationEnv, unknown][] = [];
export const middlewares = [inHono(question), inRouter(question)];

export const place = (...args: [FargatePdp['node'], FargatePdpProps]): IPdp['endpoint'] => args[1].serviceName;
export const mistaken = [
  // @ts-expect-error: no resource
  authorize({ subject: { type: 'User', id: 'alice' }, action: 'view' }),
  // @ts-expect-error: no question has it
  new FakePdp().permit({ principal: { id: 'alice' } }),
  // @ts-expect-error: no handler
  withAuthorization(question),
  // @ts-expect-error: a misspelt option
  createPdpClient({ url: 'http://pdp:7000', timeout: 100 }),
];
void once;
`;
