import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { buildArchive, compileDirectory, readDirectory } from '../../compiler/index.ts';
import { SAMPLE, temporaryDirectory } from './bundles.ts';
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
    expect(inputs.filter((path) => !path.startsWith('lambda/'))).toEqual(['engine/errors.ts']);
  });
});
