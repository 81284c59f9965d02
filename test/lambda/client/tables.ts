/** The rows of the Markdown table under a heading of the second level, each by the names of its columns. */
export function table(markdown: string, heading: string): Record<string, string>[] {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const [names, _rule, ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  return rows.map((cells) =>
    Object.fromEntries((names ?? []).map((name, index) => [name, cells[index] ?? ''])),
  );
}
