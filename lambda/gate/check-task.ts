import { type ExpectedDecisions, meets } from '../../engine/expected-decisions.ts';
import { listNames, shorten } from './reason.ts';
import { type TaskAccess, TaskClient } from './task-client.ts';
import type { GatedTask } from './tasks.ts';

/** What is known of a task. Only a decision that came out wrong is final: all else may be a task that is starting. */
export type Verdict = { state: 'passed' } | { state: 'waiting' | 'failed'; reason: string };

/**
 * Checks that a task runs the revision, and that this revision decides as expected. Nothing of the questions is told
 * but the names of those that failed.
 */
export async function checkTask(
  task: GatedTask,
  expected: ExpectedDecisions,
  access: () => Promise<TaskAccess>,
): Promise<Verdict> {
  if (!task.isRunning || task.address === undefined) return waiting('is still starting');
  let settled: TaskAccess;
  try {
    settled = await access();
  } catch (error) {
    // A role, or a way to Secrets Manager, may be newer than all that sees it.
    const { name, message } = error as Error;
    return waiting(
      `cannot be asked, as the key cannot be read: ${name}: ${shorten(firstLine(message), 200)}`,
    );
  }
  try {
    const client = new TaskClient(task.address, settled);
    const { status, revision } = await client.health();
    if (status !== 'ready') return waiting(`is ${shorten(status, 50)}`);
    if (revision !== expected.revision) return waiting(runsAnother(revision));
    // Tests name what only their own revision has, so no other is asked; one may have become active meanwhile.
    const decisions = await client.decide(expected.tests);
    const other = decisions.find(({ context }) => context?.revision !== expected.revision);
    if (other !== undefined) return waiting(runsAnother(other.context?.revision));
    const failed = expected.tests.filter((test, index) => {
      const { decision, context } = decisions[index] ?? { decision: false };
      return !meets(test, { decision, policies: context?.policies ?? [], error: context?.error?.message });
    });
    if (failed.length === 0) return { state: 'passed' };
    const tests = failed.length === 1 ? 'decision test' : 'decision tests';
    return {
      state: 'failed',
      reason: `fails ${failed.length} ${tests}: ${listNames(failed.map(({ name }) => name))}`,
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return waiting(`gives no answer: ${shorten(firstLine(message) || String(code), 200)}`);
  }
}

function waiting(reason: string): Verdict {
  return { state: 'waiting', reason };
}

function runsAnother(revision: string | undefined): string {
  return revision === undefined ? 'tells no revision' : `runs revision ${shorten(revision, 64)}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
