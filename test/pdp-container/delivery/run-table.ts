import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { table } from '../../lambda/client/tables.ts';
import { type Fault, RECOVERIES } from './faults.ts';
import type { Kind } from './origins.ts';
import { Stand } from './stand.ts';

const DOCUMENT = await readFile(new URL('../../../docs/delivery-faults.md', import.meta.url), 'utf8');

/** Tests of a table of the document: each of its faults, with each of its sources, is as its row says. */
export function runTable(heading: string, faults: Record<string, Fault>): void {
  const rows = table(DOCUMENT, heading);
  const runs = rows.flatMap((row) =>
    (row.Sources ?? '').split(', ').map((kind) => ({ row, name: row.Fault ?? '', kind: kind as Kind })),
  );
  afterEach(() => vi.unstubAllEnvs());

  test('the document has all faults, and no other', () => {
    expect(rows.map(({ Fault: name }) => name)).toEqual(Object.keys(faults));
  });

  test.each(runs)('$name: $kind', async ({ row, name, kind }) => {
    const stand = await Stand.open(kind);
    await (faults[name] ?? expect.fail('a fault without a case'))(stand);
    const expected = {
      serves: cell(row, 'Serves', kind),
      ready: cell(row, '/ready', kind),
      health: cell(row, 'In /health', kind),
      metrics: cell(row, 'Metrics', kind),
      log: cell(row, 'Log', kind),
    };
    const { problem, ...seen } = await stand.until((now) => isDeepStrictEqual({ ...now, ...expected }, now));
    expect(seen).toEqual(expected);
    expect(problem).toEqual(like(cell(row, 'Problem', kind)));

    const recovery = cell(row, 'Good again when', kind);
    await (RECOVERIES[recovery] ?? expect.fail(`nothing is known to do '${recovery}'`))(stand);
    await stand.ask();
    const good = { serves: 'the new revision', ready: '200', health: 'nothing' };
    const { serves, ready, health } = await stand.until((now) => isDeepStrictEqual({ ...now, ...good }, now));
    expect({ serves, ready, health }).toEqual(good);
  });
}

/** A cell without the marks of code; of one that differs by the kind of source, the part for this one. */
function cell(row: Record<string, string>, column: string, kind: Kind): string {
  const text = row[column] ?? row[`\`${column}\``] ?? row[column.replace(/(\/\w+)/, '`$1`')];
  const parts = (text ?? expect.fail(`the table has no column '${column}'`)).split('<br>');
  const own = parts.find((part) => part.startsWith(`${kind}: `))?.slice(kind.length + 2);
  return (own ?? parts[0] ?? '').replaceAll('`', '').replace(/^none$/, '');
}

/** Text in which `…` is anything. */
function like(text: string): unknown {
  const parts = text.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return expect.stringMatching(new RegExp(`^${parts.join('.*')}$`, 's'));
}
