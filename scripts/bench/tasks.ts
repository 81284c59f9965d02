import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Fixtures, startServer } from './fixtures.ts';
import { figure, median } from './measure.ts';
import { startChild } from './processes.ts';
import { atMost, type Outcome } from './report.ts';

const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const ROUNDS = 5;
const CALLS = 3_000;

const HEALTHY = 'three tasks';
const DEAD = 'one of them dead';
const HANGING = 'one of them hanging';

interface Calls {
  p50: number;
  p99: number;
  slowest: number;
  failed: number;
}

/**
 * Milliseconds of one call of a function while one of the three tasks of its PDP dies, or hangs: it takes
 * connections and answers nothing. A new environment and a new task in each round; the fault comes with the calls.
 */
export async function benchTasks(fixtures: Fixtures): Promise<Outcome> {
  const source = await fixtures.archive();
  const options = ['--decision-log', 'off'];
  const [first, ...others] = ADDRESSES;
  const { found } = await startServer(source, [...options, '--host', first, '--port', '0']);
  const { port } = new URL(found);
  const startTask = async (address: string) => {
    const { child } = await startServer(source, [...options, '--host', address, '--port', port]);
    return child;
  };
  const [second, third] = others;
  await startTask(second);
  const healthy: Calls[] = [];
  const rows: [string, Calls[]][] = [[HEALTHY, healthy]];
  for (const [name, signal] of [
    [DEAD, 'SIGKILL'],
    [HANGING, 'SIGSTOP'],
  ] as const) {
    const faulty: Calls[] = [];
    rows.push([name, faulty]);
    for (let round = 0; round < ROUNDS; round += 1) {
      const task = await startTask(third);
      const environment = await startEnvironment(port);
      await environment.call(CALLS);
      healthy.push(await environment.call(CALLS));
      const calls = environment.call(CALLS);
      task.kill(signal);
      faulty.push(await calls);
      environment.end();
      task.kill('SIGKILL');
      if (task.exitCode === null && task.signalCode === null) await once(task, 'exit');
    }
  }
  const table = rows.map(([name, rounds]) => ({
    name,
    figures: [
      ...(['p99', 'p50', 'slowest'] as const).map((key) => median(rounds.map((calls) => calls[key]))),
      rounds.reduce((sum, { failed }) => sum + failed, 0),
      rounds.length * CALLS,
    ],
  }));
  const columns = ['p99 ms', 'p50 ms', 'slowest ms', 'failed', 'calls'];
  return {
    sections: [{ title: 'A function and a PDP of three tasks, on loopback', columns, rows: table }],
    findings: [
      atMost('one of three tasks dead: failed calls', figure(table, DEAD, 3), 0, ''),
      atMost('one of three tasks dead: p99 / healthy', figure(table, DEAD) / figure(table, HEALTHY), 2, '×'),
      atMost('one of three tasks hanging: failed calls', figure(table, HANGING, 3), 0, ''),
    ],
  };
}

interface Environment {
  call(times: number): Promise<Calls>;
  end(): void;
}

async function startEnvironment(port: string): Promise<Environment> {
  const program = fileURLToPath(new URL('environment.ts', import.meta.url));
  const ready = (line: string) => (line === 'ready' ? line : undefined);
  const { child } = await startChild([program, 'pdp.bench', port, ...ADDRESSES], {}, ready);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the environment has no pipes');
  const lines = createInterface({ input: stdout });
  return {
    async call(times) {
      const answer = once(lines, 'line');
      stdin.write(`${times}\n`);
      const [line] = (await answer) as [string];
      return JSON.parse(line) as Calls;
    },
    end: () => void stdin.end(),
  };
}
