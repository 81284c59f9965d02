import { onTestFinished, vi } from 'vitest';

/** The lines that are written to standard output until the test ends, which is where Lambda takes its log from. */
export function linesOfStdout(): string[] {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    lines.push(...String(chunk).split('\n').filter(Boolean));
    return true;
  });
  onTestFinished(() => write.mockRestore());
  return lines;
}
