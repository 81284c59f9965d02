import type { ExpectedDecisions } from '../../engine/expected-decisions.ts';
import type { Verdict } from './check-task.ts';
import { GateError } from './gate-error.ts';
import { reasonOf, shorten } from './reason.ts';
import type { Deployed, GatedTask } from './tasks.ts';

/** Milliseconds between two looks at the tasks. */
const INTERVAL_MS = 5_000;

/** The time that is left to the function, which tests replace. */
export interface Clock {
  /** Milliseconds in which the gate must have its verdict. */
  remaining(): number;
  wait(milliseconds: number): Promise<void>;
}

export interface Gate {
  expected: ExpectedDecisions;
  /** Lists the tasks of what is being deployed. */
  tasks(): Promise<Deployed>;
  check(task: GatedTask): Promise<Verdict>;
  clock: Clock;
}

/**
 * Looks at the tasks until each has passed, and there are as many as there should be. Tasks come and go while a
 * service settles, so the list is read anew each time; what has passed is not asked again.
 *
 * @returns how many tasks have passed
 * @throws GateError when a decision came out wrong, or not all have passed when the time is up
 */
export async function passGate({ expected, tasks, check, clock }: Gate): Promise<number> {
  const passed = new Set<string>();
  for (;;) {
    const { failed, waiting, count } = await look(tasks, check, passed);
    if (failed.length > 0) throw closed(expected, [...failed, ...waiting]);
    if (waiting.length === 0) return count;
    if (clock.remaining() <= INTERVAL_MS) throw closed(expected, waiting);
    await clock.wait(INTERVAL_MS);
  }
}

async function look(
  list: Gate['tasks'],
  check: Gate['check'],
  passed: Set<string>,
): Promise<{ failed: string[]; waiting: string[]; count: number }> {
  let deployed: Deployed;
  try {
    deployed = await list();
  } catch (error) {
    return { failed: [], waiting: [problemOfEcs(error)], count: 0 };
  }
  const { tasks, atLeast } = deployed;
  const lines = { failed: [] as string[], waiting: [] as string[] };
  if (tasks.length < atLeast) lines.waiting.push(`there are ${tasks.length} of ${atLeast} tasks`);
  await Promise.all(
    tasks.map(async (task) => {
      if (passed.has(task.id)) return;
      const verdict = await check(task);
      if (verdict.state === 'passed') passed.add(task.id);
      else lines[verdict.state].push(`task ${task.id} (${task.address ?? 'no address'}) ${verdict.reason}`);
    }),
  );
  return { ...lines, count: tasks.length };
}

function closed({ revision, tests }: ExpectedDecisions, lines: string[]): GateError {
  const heading = `not every task runs revision ${revision} and gives its ${tests.length} tested decisions:`;
  return new GateError(reasonOf(heading, lines));
}

function problemOfEcs(error: unknown): string {
  if (error instanceof GateError) return error.message;
  const { name, message } = error as Error;
  const [line = ''] = message.split('\n');
  if (name !== 'TimeoutError') return `ECS cannot be asked for the tasks: ${name}: ${shorten(line, 300)}`;
  return 'ECS cannot be reached: the subnets of the function need an endpoint of ECS, or a NAT gateway';
}
