/** Levels of objects and lists in a JSON value, counted without the call stack. */
export function depthOf(json: unknown): number {
  let depth = 0;
  let level = [json].filter(isContainer);
  for (; level.length > 0; depth += 1) level = level.flatMap(Object.values).filter(isContainer);
  return depth;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
