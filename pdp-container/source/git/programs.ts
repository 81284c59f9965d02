import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { ConfigurationError } from '../../../engine/index.ts';
import type { GitAddress } from './address.ts';

/** The first that leaves out a user's settings when it is told to; by them an address could become another. */
const OLDEST = [2, 32] as const;

const HELP =
  'install git, or in a container build the image with git from the same context (docker build -f Dockerfile.git): the default image has none';

/** @throws ConfigurationError when git, or what it needs for the address, is not there or too old */
export async function checkPrograms(
  { name, protocol }: GitAddress,
  { PATH }: NodeJS.ProcessEnv,
): Promise<void> {
  const version = await outputOf('git', ['--version'], PATH);
  if (version === undefined) throw new ConfigurationError(`source '${name}' needs git on the PATH: ${HELP}`);
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new ConfigurationError(
      `source '${name}' needs git ${OLDEST.join('.')} or later; the one on the PATH is ${major}.${minor}`,
    );
  }
  if (protocol === 'ssh' && (await outputOf('ssh', ['-V'], PATH)) === undefined) {
    throw new ConfigurationError(`source '${name}' needs ssh on the PATH: install OpenSSH's client`);
  }
}

/** Undefined when it cannot be run. */
async function outputOf(
  program: string,
  args: string[],
  path: string | undefined,
): Promise<string | undefined> {
  const child = spawn(program, args, { env: { PATH: path }, stdio: ['ignore', 'pipe', 'ignore'] });
  const isStarted = new Promise<boolean>((resolve) => {
    child.on('error', () => resolve(false)).on('close', (status) => resolve(status === 0));
  });
  const [output, started] = await Promise.all([text(child.stdout), isStarted]);
  return started ? output : undefined;
}
