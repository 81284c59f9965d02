/** How soon a change is looked at again to see whether the writer is done, in milliseconds. */
const SETTLE_MS = 40;

export interface Watch {
  /** Stops, after a change being dealt with has been. */
  stop(): Promise<void>;
}

/**
 * Looks at a fingerprint again and again and tells of changes, one at a time and each only when it has been the
 * same twice, so that a burst of writes is one change. Looking rather than being notified works alike on every
 * file system and mount, sees atomic renames, and costs one `stat` a file.
 *
 * @param last the fingerprint of what is known already
 * @param fingerprint its rejection is a state like any other
 * @param changed must not reject
 */
export function watch(
  last: string,
  fingerprint: () => Promise<string>,
  changed: () => Promise<void>,
  everyMs: number,
): Watch {
  let known = last;
  let stopped = false;
  let wake = () => {};
  const sleep = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    let seen = known;
    while (!stopped) {
      await sleep(seen === known ? everyMs : Math.min(everyMs, SETTLE_MS));
      if (stopped) return;
      const now = await look(fingerprint);
      if (now === seen && now !== known) {
        known = now;
        await changed();
      }
      seen = now;
    }
  };
  const running = run();
  return {
    stop() {
      stopped = true;
      wake();
      return running;
    },
  };
}

/** The fingerprint, or what stands for there being none. */
export async function look(fingerprint: () => Promise<string>): Promise<string> {
  try {
    return await fingerprint();
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`;
  }
}
