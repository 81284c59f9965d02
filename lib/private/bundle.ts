import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SynthesisError } from '../synthesis-error.ts';
import { kitModule } from './package-files.ts';

/** The name a bundle has in the image's context. */
export const BUNDLE_FILE = 'bundle.tar.gz';

/**
 * Writes the built bundle of `policies` to `output`: with `pdp build`, in a process of its own, as the compiler is no
 * part of an infrastructure program. A bundle that was built is checked and built again, so what comes out is of this
 * version of the kit.
 *
 * @throws SynthesisError when there is nothing at `policies`, or with every problem found in it
 */
export function writeBundle(policies: string, output: string): { revision: string } {
  return build(sourceOf(policies), output);
}

/**
 * Writes the built bundle of `policies` to `output` as the first that is published at an address: `pdp publish` counts
 * on from it, and PDPs then take nothing that is older.
 *
 * @throws SynthesisError when there is nothing at `policies`, or with every problem found in it
 */
export function writeFirstBundle(policies: string, output: string): { revision: string } {
  return build(sourceOf(policies), output, '--sequence', '1');
}

/**
 * Writes what a function reads of the built bundle of `policies` to the directory `output`, which is made.
 *
 * @throws SynthesisError when there is nothing at `policies`, or with every problem found in it
 */
export function writeUnpackedBundle(policies: string, output: string): { revision: string } {
  return build(sourceOf(policies), output, '--unpacked');
}

/**
 * Runs the decision tests of `policies`, and writes them with the revision to the file `output`, for a gate. Policies
 * without tests have their revision alone.
 *
 * @throws SynthesisError when there is nothing at `policies`, a test fails, or with every problem found in it
 */
export function writeDecisionTests(policies: string, output: string): { revision: string } {
  const source = sourceOf(policies);
  runPdp(['test', source, '--export', output], output, `${source} does not pass its own tests`);
  return JSON.parse(readFileSync(output, 'utf8')) as { revision: string };
}

/**
 * The path of the policies.
 *
 * @throws SynthesisError when there is no directory and no built bundle
 */
export function sourceOf(policies: string): string {
  const source = resolve(policies);
  if (!existsSync(source)) {
    throw new SynthesisError(`policies: there is no ${source}; name a directory of .cedar files`);
  }
  if (source.endsWith('.tar.gz') || statSync(source).isDirectory()) return source;
  throw new SynthesisError(`policies: ${source} is neither a directory nor a built .tar.gz`);
}

function build(source: string, output: string, ...options: string[]): { revision: string } {
  const args = ['build', source, '--output', output, '--json', ...options];
  return JSON.parse(runPdp(args, output, `${source} cannot be built`)) as { revision: string };
}

/** Runs the `pdp` command, which must write `output`. Returns what it printed. */
function runPdp(args: string[], output: string, failure: string): string {
  const { status, error, stdout, stderr } = spawnSync(process.execPath, [kitModule('bin/pdp'), ...args], {
    encoding: 'utf8',
    env: { ...withoutOptions(process.env), NO_COLOR: '1' },
  });
  if (error !== undefined) {
    throw new SynthesisError(`policies: cannot start ${process.execPath} to build them: ${error.message}`);
  }
  if (status !== 0 || !existsSync(output)) {
    throw new SynthesisError(`policies: ${failure}\n${`${stderr}${stdout}`.trim()}`);
  }
  return stdout;
}

/** What is built depends on the policies alone, and not on options for the command such as a key to sign with. */
function withoutOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PDP_')));
}
