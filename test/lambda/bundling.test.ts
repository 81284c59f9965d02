import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildArchive, buildFiles, compileDirectory, readDirectory } from '../../compiler/index.ts';
import { startS3Server } from '../pdp-container/support/s3-server.ts';
import { bundleFor, SAMPLE, temporaryDirectory, writeFiles } from './bundles.ts';
import { answer, serve } from './servers.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** One file, as a function is deployed. */
async function bundle(entry: string, outfile: string) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['@aws-sdk/*'],
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    metafile: true,
    logLevel: 'silent',
  });
  return Object.keys(metafile.inputs);
}

/** The status that the bundled handler gives to each user, in a process of its own. */
async function statuses(directory: string, env: Record<string, string>): Promise<number[]> {
  const script = `
    const { handler } = await import('./index.mjs');
    const view = async (sub) => {
      const authorizer = { jwt: { claims: { sub } } };
      const event = { pathParameters: { tenant: 'acme', note: 'roadmap' }, requestContext: { authorizer } };
      return (await handler(event, { getRemainingTimeInMillis: () => 30_000 })).statusCode;
    };
    // On a busy machine a cold start may take longer than a request waits for it.
    while ((await view('bob')) === 503);
    console.log(JSON.stringify([await view('bob'), await view('erin')]));
  `;
  await writeFile(join(directory, 'run.mjs'), script);
  const { stdout } = await promisify(execFile)(process.execPath, ['run.mjs'], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env },
    timeout: 60_000,
  });
  return JSON.parse(stdout) as number[];
}

describe('a function as it is deployed', () => {
  test('decides by the bundle that is packed with it', async () => {
    const directory = await temporaryDirectory();
    await bundle('lambda/sample/view-note.ts', join(directory, 'index.mjs'));
    const compiled = await compileDirectory(SAMPLE);
    if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
    const archive = join(directory, 'bundle.tar.gz');
    await writeFile(archive, await buildArchive(compiled.bundle, await readDirectory(SAMPLE)));
    expect(await statuses(directory, { PDP_BUNDLE: archive })).toEqual([200, 403]);
    const unpacked = await writeFiles(join(directory, 'pdp'), await buildFiles(compiled.bundle));
    expect(await statuses(directory, { PDP_BUNDLE: unpacked })).toEqual([200, 403]);
  });

  test('loads nothing of Node that deciding does not need', async () => {
    const directory = await temporaryDirectory();
    await bundle('lambda/sample/view-note.ts', join(directory, 'index.mjs'));
    const compiled = await compileDirectory(SAMPLE);
    if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
    const unpacked = await writeFiles(join(directory, 'pdp'), await buildFiles(compiled.bundle));
    await writeFile(join(directory, 'idle.mjs'), 'console.log(JSON.stringify(process.moduleLoadList));');
    const loaded = async (program: string) => {
      const { stdout } = await promisify(execFile)(process.execPath, [program], {
        cwd: directory,
        env: { PATH: process.env.PATH, PDP_BUNDLE: unpacked },
      });
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[];
    };
    await writeFile(
      join(directory, 'decide.mjs'),
      `const { handler } = await import('./index.mjs');
       const event = {
         pathParameters: { tenant: 'acme', note: 'roadmap' },
         requestContext: { authorizer: { jwt: { claims: { sub: 'bob' } } } },
       };
       const { statusCode } = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
       if (statusCode !== 200) throw new Error('the function answered ' + statusCode);
       console.log(JSON.stringify(process.moduleLoadList));`,
    );
    const idle = new Set(await loaded('idle.mjs'));
    const more = (await loaded('decide.mjs')).filter((name) => !idle.has(name));
    const costly = /undici|http|tls|crypto|zlib|webstreams|perf_hooks|fs\/promises|readline/;
    expect(more.filter((name) => costly.test(name))).toEqual([]);
  });

  test('reads nothing of the store, and not what reads it, before there is a question', async () => {
    const store = await startS3Server();
    onTestFinished(() => store.close());
    store.put('policies', 'bundle.tar.gz', await bundleFor('erin'));
    const directory = await temporaryDirectory();
    await bundle('lambda/sample/view-note.ts', join(directory, 'index.mjs'));
    const compiled = await compileDirectory(SAMPLE);
    if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
    const unpacked = await writeFiles(join(directory, 'pdp'), await buildFiles(compiled.bundle));
    // Where the SDK is found, as in Lambda's runtime.
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await writeFile(
      join(directory, 'run.mjs'),
      `const { handler } = await import('./index.mjs');
       for (let turns = 0; turns < 100; turns += 1) await new Promise((resolve) => setImmediate(resolve));
       const atStart = process.moduleLoadList.filter((name) => /http|tls|crypto|zlib/.test(name));
       const view = async (sub) => {
         const authorizer = { jwt: { claims: { sub } } };
         const event = { pathParameters: { tenant: 'acme', note: 'roadmap' }, requestContext: { authorizer } };
         return (await handler(event, { getRemainingTimeInMillis: () => 30_000 })).statusCode;
       };
       const first = [await view('bob'), await view('erin')];
       while ((await view('erin')) !== 200) await new Promise((resolve) => setImmediate(resolve));
       console.log(JSON.stringify({ atStart, first, afterwards: [await view('bob'), await view('erin')] }));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, ['run.mjs'], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        ...store.env,
        PDP_BUNDLE: unpacked,
        PDP_SOURCE: 's3://policies/bundle.tar.gz',
      },
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual({ atStart: [], first: [200, 403], afterwards: [403, 200] });
  });

  test('asks a remote PDP, with the same code', async () => {
    const directory = await temporaryDirectory();
    await bundle('lambda/sample/view-note.ts', join(directory, 'index.mjs'));
    const server = await serve(({ body }, response) =>
      answer(response, 200, { decision: JSON.parse(body).subject.id === 'bob' }),
    );
    expect(await statuses(directory, { PDP_URL: server.url })).toEqual([200, 403]);
  });

  test('with the client alone has nothing of the evaluator in it', async () => {
    const directory = await temporaryDirectory();
    const inputs = await bundle('lambda/client/index.ts', join(directory, 'index.mjs'));
    expect(inputs.filter((path) => !path.startsWith('lambda/'))).toEqual([
      'engine/errors.ts',
      'engine/trace-context.ts',
    ]);
  });
});
