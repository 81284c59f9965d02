import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, command } from './command.ts';

/** buildah and podman on a storage of their own, which leaves nothing of the machine's own containers touched. */
export interface Containers {
  buildah(args: string[], options?: CommandOptions): Promise<CommandResult>;
  podman(args: string[], options?: CommandOptions): Promise<CommandResult>;
  /** What makes a program of these two, started by another one, use the same storage. */
  env: Record<string, string>;
  /** Ends and removes every container and image of this storage. */
  close(): Promise<void>;
}

/** @param directory an empty directory for images, layers and state; its removal is the caller's */
export async function openContainers(directory: string): Promise<Containers> {
  await mkdir(directory, { recursive: true });
  const path = (name: string) => join(directory, name);
  await writeFile(
    path('storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${path('graph')}"\nrunroot = "${path('run')}"\n`,
  );
  // crun, the delegated cgroups of systemd and the usual limits are not to be had on every machine that runs CI.
  await writeFile(
    path('containers.conf'),
    [
      '[engine]',
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      `tmp_dir = "${path('tmp')}"`,
      '[network]',
      'network_backend = "netavark"',
      '[containers]',
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      '',
    ].join('\n'),
  );
  const env = {
    CONTAINERS_STORAGE_CONF: path('storage.conf'),
    CONTAINERS_CONF: path('containers.conf'),
    TMPDIR: directory,
  };
  const tool =
    (program: string) =>
    (args: string[], options: CommandOptions = {}) =>
      command(program, args, { ...options, env: { ...env, ...options.env } });
  const podman = tool('podman');
  return {
    buildah: tool('buildah'),
    podman,
    env,
    async close() {
      await podman(['rm', '--all', '--force', '--time', '1']);
      await podman(['rmi', '--all', '--force']);
    },
  };
}
