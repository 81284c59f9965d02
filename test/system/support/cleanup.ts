/** What has to be undone however a test ends, newest first. */
type Undo = () => unknown;

const atEnd: Undo[] = [];

async function undoAll(undos: Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `cleaning up failed: ${failures.join('; ')}`);
}

/** Runs what `body` deferred when it is done or has thrown. What it defers is also undone on an interrupt. */
export async function withCleanup(body: (defer: (undo: Undo) => void) => Promise<void>): Promise<void> {
  const undos: Undo[] = [];
  const undo = () => undoAll(undos);
  atEnd.push(undo);
  try {
    await body((task) => undos.push(task));
  } finally {
    await undo();
    atEnd.splice(atEnd.indexOf(undo), 1);
  }
}

/** Keeps something, such as an image that several tests run, until the last test is over. */
export function undoAtEnd(undo: Undo): void {
  atEnd.push(undo);
}

/** Undoes all that is left. Called by the runner, once. */
export function finish(): Promise<void> {
  return undoAll(atEnd);
}
