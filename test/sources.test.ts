import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseGitAddress } from '../pdp-container/source/git/address.ts';
import { DEFAULT_FETCH_LIMITS as limits } from '../pdp-container/source/remote-source.ts';
import { openRemote } from '../pdp-container/source/source.ts';

const page = await readFile(join(import.meta.dirname, '../docs/sources.md'), 'utf8');

/** The rows of the table whose second column has this name. */
function rows(column: string): [string, string][] {
  const [, table = ''] = page.split(`| SOURCE | ${column} |\n|---|---|\n`);
  return [...(table.split('\n\n', 1)[0] ?? '').matchAll(/^\| `(.+)` \| (.+) \|$/gm)].map(
    ([, address = '', text = '']) => [address, text],
  );
}

/** The name that is told of a source; undefined of what is no address. */
async function nameOf(address: string): Promise<string | undefined> {
  // Opening one looks for the programs and keys that it takes.
  if (address.startsWith('git+')) return parseGitAddress(address).name;
  const source = await openRemote(address, { limits });
  source?.close?.();
  return source?.name;
}

it.each(rows('What it is'))('%s is an address as docs/sources.md has it', async (address) => {
  expect(await nameOf(address)).toBe(address.includes('://') ? address : undefined);
});

it.each(rows('What is said of it'))('%s is refused as docs/sources.md has it', async (address, text) => {
  await expect(nameOf(address)).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining(text),
  });
});

it('has both tables', () => {
  expect([rows('What it is').length, rows('What is said of it').length]).toEqual([7, 9]);
});
