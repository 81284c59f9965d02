#!/usr/bin/env node
/**
 * What `CDK_DOCKER` names where there is no Docker engine: the commands with which the `cdk` tool builds and pushes an
 * image, on buildah. There is no registry either: a pushed image is written to a directory. Each command is added to
 * the file that `DOCKER_RECORD` names.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const { DOCKER_RECORD: record, DOCKER_REGISTRY: registry } = process.env;
if (record === undefined || registry === undefined) {
  throw new Error('DOCKER_RECORD and DOCKER_REGISTRY: set both, a file and a directory');
}
const [name = '', ...args] = process.argv.slice(2);
appendFileSync(record, `${JSON.stringify([name, ...args])}\n`);
process.exitCode = run();

function run(): number {
  switch (name) {
    case 'login':
      return 0;
    case 'inspect':
      return buildah('inspect', '--type', 'image', ...args);
    case 'tag':
      return buildah('tag', ...args);
    case 'build':
      // HEALTHCHECK is of Docker's image format only.
      return buildah(
        'build',
        '--isolation',
        'chroot',
        '--pull=never',
        '--format',
        'docker',
        ...forThisMachine(),
      );
    case 'push':
      return push(args.at(-1) ?? '');
    default:
      throw new Error(`docker ${name}: not a command that the cdk tool is known to use`);
  }
}

/** The base image is a stand-in made of this machine's Node, so there is no other architecture to build for. */
function forThisMachine(): string[] {
  const platform = args.indexOf('--platform');
  return platform === -1 ? args : args.toSpliced(platform, 2);
}

function push(image: string): number {
  const directory = join(registry as string, basename(image).replace(':', '@'));
  if (existsSync(directory)) return 0;
  mkdirSync(registry as string, { recursive: true });
  return buildah('push', image, `dir:${directory}`);
}

function buildah(...command: string[]): number {
  const { status, error } = spawnSync('buildah', command, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw error;
  return status ?? 1;
}
