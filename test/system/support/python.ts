import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { command } from './command.ts';

const requirements = fileURLToPath(new URL('python/requirements.txt', import.meta.url));

let environment: Promise<string> | undefined;

/** The path of a program of the Python packages that are locked in `python/requirements.txt`. */
export async function pythonProgram(name: 'python' | 'cfn-lint'): Promise<string> {
  environment ??= install();
  return join(await environment, 'bin', name);
}

async function install(): Promise<string> {
  return cached('python', await readFile(requirements, 'utf8'), async (directory) => {
    await command('python3', ['-m', 'venv', directory]);
    // A version that is locked, by its digest, and nothing that would have to be built.
    const options = [
      '--quiet',
      '--disable-pip-version-check',
      '--no-compile',
      '--require-hashes',
      '--only-binary',
      ':all:',
    ];
    await command(join(directory, 'bin/python'), ['-m', 'pip', 'install', ...options, '-r', requirements], {
      timeout: 300_000,
    });
  });
}
