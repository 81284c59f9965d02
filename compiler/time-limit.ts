/** Limits in milliseconds. */
export interface TimeLimits {
  /** Of a processor. */
  processor: number;
  /** In all, however little of a processor there was. */
  inAll: number;
}

/**
 * Calls `over` when work has had its time. One that has to wait for a processor is not cut off for that.
 *
 * @param spent milliseconds of a processor that the work has had; undefined where nothing tells, and all time counts
 * @returns what ends the watch
 */
export function watchTime(
  { processor, inAll }: TimeLimits,
  spent: () => Promise<number> | undefined,
  over: () => void,
): () => void {
  let ended = false;
  let next: NodeJS.Timeout | undefined;
  const end = () => {
    ended = true;
    clearTimeout(next);
    clearTimeout(last);
  };
  const finish = () => {
    if (ended) return;
    end();
    over();
  };
  const look = async () => {
    const had = await Promise.resolve(spent()).catch(() => undefined);
    if (had === undefined || had >= processor) finish();
    else if (!ended) next = setTimeout(look, processor - had);
  };
  const last = setTimeout(finish, inAll);
  next = setTimeout(look, processor);
  return end;
}
