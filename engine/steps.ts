/** Work that may be left between its steps, so that other work gets its turn. Nothing sees its result before the end. */
export type Steps<T> = Generator<undefined, T>;

/**
 * Asked between two steps: gives nothing to go on at once, or what is to be awaited before. What it throws, or what it
 * gives is rejected with, ends the work for good.
 */
export type Pause = () => Promise<void> | undefined;

/** All steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** All steps, with whatever pauses are wanted between them. @throws what the pause does */
export async function withPauses<T>(steps: Steps<T>, pause: Pause): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    const paused = pause();
    if (paused !== undefined) await paused;
    step = steps.next();
  }
  return step.value;
}
