import type { Row } from './table.ts';

/** A table of figures: medians, with the first row as what the others are compared with. */
export interface Section {
  title: string;
  /** Names of the figures, with their units. */
  columns: string[];
  rows: Row[];
}

/** A figure held to what it is to reach. */
export interface Finding {
  bench: string;
  value: number;
  unit: string;
  target: string;
  reached: boolean;
}

/** What a part of the bench found out; `skipped` says what could not be measured, and why. */
export interface Outcome {
  sections: Section[];
  findings: Finding[];
  skipped?: string[];
}

export function atLeast(bench: string, value: number, bound: number, unit: string): Finding {
  return { bench, value, unit, target: `≥ ${readable(bound)}${unit}`, reached: value >= bound };
}

export function atMost(bench: string, value: number, bound: number, unit: string): Finding {
  return { bench, value, unit, target: `≤ ${readable(bound)}${unit}`, reached: value <= bound };
}

/** The findings, each with its target and whether it is reached. */
export function verdicts(findings: Finding[]): string {
  const lines = [
    ['', 'figure', 'target', ''],
    ...findings.map(({ bench, value, unit, target, reached }) => [
      bench,
      `${readable(value)}${unit}`,
      target,
      reached ? 'reached' : 'NOT REACHED',
    ]),
  ];
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const text = lines.map(
    ([bench = '', figure = '', target = '', verdict = '']) =>
      `  ${bench.padEnd(width(0))}  ${figure.padStart(width(1))}  ${target.padEnd(width(2))}  ${verdict}`,
  );
  return ['', 'Targets', ...text.map((line) => line.trimEnd())].join('\n');
}

/** A figure as people read it: three digits that count, more for what is large. */
export function readable(figure: number): string {
  const size = Math.abs(figure);
  const digits = Number.isInteger(figure) && size >= 1 ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
