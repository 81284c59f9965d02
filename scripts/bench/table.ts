/** One contender's figures, in the order of the columns. */
export interface Row {
  name: string;
  figures: number[];
}

/**
 * A table of medians. The last column says how each row's first figure relates to that of the first row.
 *
 * @param columns names of the figures, with their units
 */
export function table(title: string, columns: string[], rows: Row[]): string {
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

function readable(figure: number): string {
  const digits = figure >= 100 ? 0 : figure >= 10 ? 1 : 2;
  return figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
