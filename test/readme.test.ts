import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveCommand } from '../bin/commands/serve.ts';
import { summary } from '../bin/start/summary.ts';
import { blocks, compile } from './snippets.ts';

const ROOT = resolve(import.meta.dirname, '..');
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

describe('the configuration table', () => {
  const rows = [...readme.matchAll(/^\| `--([a-z-]+)` \| `(PDP_[A-Z_]+)` \|([^|]*)\|/gm)].map(
    ([, option, variable, fallback]) => [option, variable, fallback?.trim()],
  );
  const options = serveCommand().options.filter((option) => option.long !== '--help');

  it('has every option of the command, in its order, with variable and default', () => {
    expect(rows).toEqual(
      options.map(({ long, envVar, defaultValue, defaultValueDescription }) => [
        long?.slice(2),
        envVar,
        defaultValue === undefined ? expect.any(String) : String(defaultValueDescription ?? defaultValue),
      ]),
    );
  });
});

it('shows the curl lines that npm start prints', () => {
  const printed = summary({ pdpUrl: 'http://127.0.0.1:7766', appUrl: 'http://127.0.0.1:3000', source: 'x' });
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('curl '));
  expect(lines).toHaveLength(3);
  const shown = blocks(readme, 'sh').join('\n').split('\n');
  expect(shown.filter((line) => line.startsWith('curl -i'))).toEqual(lines);
});

it('shows handler, stack and store that compile', async () => {
  const examples = blocks(readme, 'ts');
  expect(examples).toHaveLength(4);
  expect(await compile(examples)).toBe('');
});

it.each([...readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, path]) => path as string))(
  'links to %s, which is there',
  async (path) => {
    await expect(readFile(join(ROOT, path), 'utf8')).resolves.not.toBe('');
  },
);

it('names scripts that exist', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const named = new Set([...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name as string));
  expect([...named].filter((name) => !(name in scripts))).toEqual([]);
});
