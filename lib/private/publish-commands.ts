import { kitVersion } from './package-files.ts';

/**
 * Installs the `pdp` command: what the lock file of the repository has, or this version of the kit. No package runs a
 * script of its own, where it would find the credentials of the publisher.
 */
export function installCommand(): string {
  return (
    'if [ -f package-lock.json ]; then npm ci --ignore-scripts; ' +
    `else npm install --ignore-scripts --no-save serverless-pdp@${kitVersion()}; fi`
  );
}

/** Runs the command that is installed, and never one of that name from the registry. */
export function pdp(...args: string[]): string {
  return ['npx', '--no-install', 'pdp', ...args].join(' ');
}
