import { styleText } from 'node:util';
import { formatProblem, type Problem } from '../../engine/index.ts';

type Style = 'bold' | 'green' | 'red' | 'yellow' | 'dim';

/** Colour on a terminal only; `NO_COLOR` and pipes get plain text. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Problems as compilers show them, one a line. */
export function printProblems(problems: Problem[]): void {
  for (const problem of problems) {
    const style = problem.severity === 'error' ? 'red' : 'yellow';
    process.stderr.write(`${styleText(style, formatProblem(problem), { stream: process.stderr })}\n`);
  }
}

/** `1 policy`, `2 policies`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}
