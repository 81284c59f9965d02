import type { ChildProcess } from 'node:child_process';
import type { Delivery } from './delivery-sources.ts';
import { startChild } from './processes.ts';

/** A PDP in a process of its own. */
export interface BenchPdp {
  readonly url: string;
  /** Resolves when another revision than now answers, with the time of that. */
  nextRevision(): Promise<number>;
  stop(): void;
}

/** Starts PDPs, one after another, each of which serves what is there. */
export async function startPdps({ address, args, env }: Delivery, count: number): Promise<BenchPdp[]> {
  const pdps: BenchPdp[] = [];
  for (let index = 0; index < count; index += 1) pdps.push(await startPdp(address, args, env));
  return pdps;
}

async function startPdp(address: string, args: string[], env: Record<string, string>): Promise<BenchPdp> {
  let url = '';
  const command = [
    'bin/pdp.ts',
    'serve',
    address,
    '--port',
    '0',
    '--opa-port',
    'off',
    '--decision-log',
    'off',
  ];
  const { child } = await startChild([...command, '--drain-seconds', '0', ...args], env, (line) => {
    const record = JSON.parse(line) as { msg: string; url?: string };
    if (record.msg === 'listening') url = record.url ?? '';
    return record.msg === 'revision active' ? url : undefined;
  });
  const waiting: ((at: number) => void)[] = [];
  onLines(child, (line) => {
    if (!line.includes('"revision active"')) return;
    for (const resolve of waiting.splice(0)) resolve(performance.now());
  });
  return {
    url,
    nextRevision: () => new Promise((resolve) => waiting.push(resolve)),
    stop: () => void child.stdin?.end(),
  };
}

function onLines(child: ChildProcess, call: (line: string) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) call(line);
  });
}
