import { readable, type Section } from './report.ts';

/** One contender's figures, in the order of the columns. */
export interface Row {
  name: string;
  figures: number[];
}

/** A table of medians. The last column says how each row's first figure relates to that of the first row. */
export function table({ title, columns, rows }: Section): string {
  const base = rows[0]?.figures[0] ?? Number.NaN;
  const cells = rows.map(({ name, figures }) => [
    name,
    ...figures.map(readable),
    `${((figures[0] ?? Number.NaN) / base).toFixed(2)}×`,
  ]);
  const lines = [['', ...columns, 'ratio'], ...cells];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths?.[0] ?? 0) : cell.padStart(widths?.[column] ?? 0),
      )
      .join('  '),
  );
  return ['', title, ...text.map((line) => `  ${line}`)].join('\n');
}
