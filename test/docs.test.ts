import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { blocks, compile } from './snippets.ts';

const DOCS = resolve(import.meta.dirname, '../docs');
const pages = (await readdir(DOCS)).filter((name) => name.endsWith('.md'));

it('shows code that compiles', async () => {
  const texts = await Promise.all(pages.map((name) => readFile(join(DOCS, name), 'utf8')));
  const examples = texts.flatMap((text) => blocks(text, 'ts'));
  expect(examples.length).toBeGreaterThan(0);
  expect(await compile(examples)).toBe('');
});
