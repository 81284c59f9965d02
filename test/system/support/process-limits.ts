import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the kernel knows of a process, and holds it to. */
export interface ProcessLimits {
  name: string;
  user: number;
  group: number;
  /** The effective ones, a bit each. */
  capabilities: bigint;
  /** File descriptors: the hard limit. */
  openFiles: number;
  /** Bytes. */
  memory: number;
  cpus: number;
  children: number[];
}

export async function inspectProcess(pid: number): Promise<ProcessLimits> {
  const read = (path: string) => readFile(join('/proc', `${pid}`, path), 'utf8');
  const [status, limits, cgroup] = await Promise.all([read('status'), read('limits'), read('cgroup')]);
  const words = (field: string) =>
    new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  const { memory, cpus } = await limitsOf(cgroup);
  return {
    name: words('Name')[0] ?? '',
    user: Number(words('Uid')[1]),
    group: Number(words('Gid')[1]),
    capabilities: BigInt(`0x${words('CapEff')[0]}`),
    openFiles: Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1]),
    memory,
    cpus,
    children: (await read(`task/${pid}/children`)).split(' ').filter(Boolean).map(Number),
  };
}

const CGROUPS = '/sys/fs/cgroup';

/** What `/proc/PID/cgroup` leads to, in the unified hierarchy or in the older one with a tree for each controller. */
async function limitsOf(cgroup: string): Promise<{ memory: number; cpus: number }> {
  const pathOf = (controllers: string) => new RegExp(`^\\d+:${controllers}:(.*)$`, 'm').exec(cgroup)?.[1];
  const read = (...path: string[]) => readFile(join(CGROUPS, ...path), 'utf8');
  const [memory, cpu] = [pathOf('memory'), pathOf('(?:cpu|cpu,cpuacct|cpuacct,cpu)')];
  if (memory !== undefined && cpu !== undefined) {
    const quota = Number(await read('cpu', cpu, 'cpu.cfs_quota_us'));
    const period = Number(await read('cpu', cpu, 'cpu.cfs_period_us'));
    return { memory: Number(await read('memory', memory, 'memory.limit_in_bytes')), cpus: quota / period };
  }
  const unified = pathOf('') ?? '';
  const [quota, period] = (await read(unified, 'cpu.max')).split(' ').map(Number);
  return { memory: Number(await read(unified, 'memory.max')), cpus: Number(quota) / Number(period) };
}
