const tasks = new Set<() => void>();

function runAll(): void {
  for (const task of tasks) task();
}

/**
 * Has something done when this process ends, however it does but by a kill. It must be done at once.
 *
 * @returns takes it back
 */
export function atExit(task: () => void): () => void {
  // One listener for all: Node warns of many.
  if (tasks.size === 0) process.on('exit', runAll);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.off('exit', runAll);
  };
}
