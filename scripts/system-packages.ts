import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface SystemPackage {
  /** Debian's and Ubuntu's name of it. */
  name: string;
  /** A program that is there when the package is. */
  program: string;
  /** Arguments with which the program must end well, where its being there does not say enough. */
  check?: string[];
  why: string;
}

const packages: SystemPackage[] = [
  { name: 'buildah', program: 'buildah', why: 'builds the image without a Docker engine' },
  { name: 'podman', program: 'podman', why: 'runs the image' },
  { name: 'runc', program: 'runc', why: 'the container runtime under podman' },
  { name: 'netavark', program: 'netavark', why: 'the network part that podman starts with' },
  { name: 'catatonit', program: 'catatonit', why: 'the init process of a container that asks for one' },
  { name: 'cmake', program: 'cmake', why: "builds the native part of Lambda's runtime client" },
  { name: 'g++', program: 'g++', why: 'compiles it' },
  { name: 'make', program: 'make', why: 'runs the compiler' },
  { name: 'iproute2', program: 'ip', why: 'makes the network namespaces that stand in for a VPC' },
  { name: 'nftables', program: 'nft', why: 'security groups as rules in them' },
  {
    name: 'python3-venv',
    program: 'python3',
    check: ['-c', 'import ensurepip'],
    why: 'a mock of AWS and a checker of templates are Python programs',
  },
  { name: 'git', program: 'git', why: 'serves policies over HTTP and SSH, and fetches them' },
  { name: 'openssh-server', program: 'sshd', why: 'a Git host that is reached by SSH' },
  { name: 'nginx', program: 'nginx', why: 'a proxy that asks the PDP, as the docs configure it' },
];

/** Where programs are that are not on every user's search path. */
const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/lib/podman'];

function isInstalled({ program, check }: SystemPackage): boolean {
  const found = folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found && (check === undefined || spawnSync(program, check).status === 0);
}

/**
 * Makes sure that the system packages are there, installing them when it is asked to.
 *
 * @returns what stands in the way, in one line, or nothing
 */
export function prepare({ install }: { install: boolean }): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux: containers and network namespaces';
  const isRoot = process.getuid?.() === 0;
  let missing = packages.filter((needed) => !isInstalled(needed));
  if (missing.length > 0 && install && isRoot) {
    console.log(`installing ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}`);
    const problem = startingNothing(() => aptInstall(missing.map(({ name }) => name)));
    if (problem !== undefined) return problem;
    missing = packages.filter((needed) => !isInstalled(needed));
  }
  if (missing.length > 0) {
    const list = missing.map(({ name, why }) => `${name} (${why})`).join(', ');
    return `missing ${list}; install with "npm run test:system -- --install" as root on Debian or Ubuntu`;
  }
  return isRoot ? undefined : 'needs root: network namespaces and mounting images';
}

/** What packages ask, by Debian's policy, before they start a service; 101 is "not allowed". */
const policy = '/usr/sbin/policy-rc.d';

/** Installs what has services, such as nginx, with none of them started. A policy of the machine's own stays. */
function startingNothing<T>(install: () => T): T {
  if (existsSync(policy)) return install();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(policy);
  }
}

function aptInstall(names: string[]): string | undefined {
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...names],
  ]) {
    const { status, error, stderr } = spawnSync('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
    });
    if (status !== 0) {
      const reason = error?.message ?? stderr.trim().split('\n').at(-1);
      return `apt-get ${args[0]} failed: ${reason}`;
    }
  }
  return undefined;
}
