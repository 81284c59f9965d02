import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { command } from './command.ts';

const project = fileURLToPath(new URL('lambda-runtime/', import.meta.url));

let client: Promise<string> | undefined;

/**
 * The path of the program with which AWS' images run a Node handler: Lambda's own runtime client, as locked in
 * `lambda-runtime/`. It has a part in C++, which is built once and kept.
 */
export async function lambdaRuntime(): Promise<string> {
  client ??= install();
  return join(await client, 'node_modules/aws-lambda-ric/index.mjs');
}

async function install(): Promise<string> {
  const lock = await readFile(join(project, 'package-lock.json'), 'utf8');
  return cached('lambda-runtime', `${process.version}\n${lock}`, async (directory) => {
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
