import { onTestFinished, vi } from 'vitest';

/** The lines that are written to standard output and error until the test ends, where Lambda takes its log from. */
export function linesOfLog(): string[] {
  const lines: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const write = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      return true;
    });
    onTestFinished(() => write.mockRestore());
  }
  return lines;
}
