import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, kept } from './cache.ts';
import { command } from './command.ts';

const project = fileURLToPath(new URL('lambda-runtime/', import.meta.url));

let client: Promise<string> | undefined;

/**
 * The path of the program with which AWS' images run a Node handler: Lambda's own runtime client, as locked in
 * `lambda-runtime/`. It has a part in C++, which is built once and kept.
 */
export async function lambdaRuntime(): Promise<string> {
  client ??= install();
  return programIn(await client);
}

/** The same when it is installed already, for who does not wait for a compiler. */
export async function installedLambdaRuntime(): Promise<string | undefined> {
  const directory = kept(NAME, await key());
  return directory === undefined ? undefined : programIn(directory);
}

const NAME = 'lambda-runtime';

async function key(): Promise<string> {
  return `${process.version}\n${await readFile(join(project, 'package-lock.json'), 'utf8')}`;
}

function programIn(directory: string): string {
  return join(directory, 'node_modules/aws-lambda-ric/index.mjs');
}

async function install(): Promise<string> {
  return cached(NAME, await key(), async (directory) => {
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(join(project, name), join(directory, name));
    }
    await command('npm', ['ci', '--no-audit', '--no-fund', '--foreground-scripts'], {
      cwd: directory,
      env: {
        npm_config_nodedir: headers(),
        MAKEFLAGS: `-j${availableParallelism()}`,
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      },
      timeout: 600_000,
    });
  });
}

/** Where this Node's headers are: beside it, or in the package that the one in node_modules comes from. */
function headers(): string {
  const installed = dirname(dirname(process.execPath));
  const packaged = join(installed, 'node_modules', `node-${process.platform}-${process.arch}`);
  const found = [installed, packaged].find((folder) => existsSync(join(folder, 'include/node/node_api.h')));
  if (found === undefined)
    throw new Error(`the headers of ${process.execPath} are in neither ${installed} nor ${packaged}`);
  return found;
}
