/**
 * JSON text of a list or an object with an item a line, the lines in order: one is found without reading the others,
 * and any other reader takes it for the JSON it is.
 */
export function sortedLines(before: string, lines: readonly string[], after: string): string {
  return lines.length === 0 ? `${before}\n${after}` : `${before}\n${lines.toSorted().join(',\n')}\n${after}`;
}

/** Whether a text has such lines, and all of them: it may be cut off, or another JSON. */
export function hasLines(text: string, after: string): boolean {
  return text.endsWith(`\n${after}`);
}

/** What is before the lines. */
export function beforeLines(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

/** The line that begins so, without the comma at its end. */
export function findLine(text: string, beginning: string): string | undefined {
  let from = text.indexOf('\n') + 1;
  let to = text.lastIndexOf('\n') + 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const start = text.lastIndexOf('\n', middle - 1) + 1;
    const end = text.indexOf('\n', start);
    const found = text.slice(start, start + beginning.length);
    if (found === beginning) return text.slice(start, text[end - 1] === ',' ? end - 1 : end);
    if (found < beginning) from = end + 1;
    else to = start;
  }
  return undefined;
}
