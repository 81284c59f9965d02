import * as util from 'node:util';

/** Lines that are the same, shown before and after those that are not. */
const CONTEXT = 2;

/** Node has it since 22.15. */
const diffOf: typeof util.diff | undefined = util.diff;

/**
 * What two texts differ in, line by line as `diff -u` shows it: `-` and `+` before what is only in the old and only in
 * the new one. `…` is for what is left out.
 */
export function unifiedLines(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const entries = diffOf?.(old, now) ?? [
    ...old.map((line) => [1, line] as const),
    ...now.map((line) => [-1, line] as const),
  ];
  const isNear = entries.map((_, index) =>
    entries.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(([operation]) => operation !== 0),
  );
  return entries.flatMap(([operation, line], index) => {
    if (!isNear[index]) return isNear[index - 1] === false ? [] : ['…'];
    return `${operation === 0 ? ' ' : operation === 1 ? '-' : '+'} ${line}`;
  });
}
