import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { FUNCTIONS } from '../scripts/functions.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** What each folder may import, besides itself. */
const ARROWS: Record<string, string[]> = {
  bin: ['lib', 'pdp-container', 'compiler', 'engine'],
  'pdp-container': ['compiler', 'engine'],
  compiler: ['engine'],
  lambda: ['engine'],
  lib: [],
  engine: [],
};

async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(`${folder}/**/*.ts`, { cwd: ROOT })) found.push(path.replaceAll('\\', '/'));
  return found;
}

function imports(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g)].map(
    ([, specifier]) => specifier as string,
  );
}

it.each(Object.keys(ARROWS))('%s imports only what it may', async (folder) => {
  const wrong: string[] = [];
  for (const path of await sources(folder)) {
    for (const specifier of imports(path).filter((name) => name.startsWith('.'))) {
      const target = relative(ROOT, resolve(ROOT, path, '..', specifier)).split('/')[0] as string;
      if (target !== folder && !ARROWS[folder]?.includes(target)) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

it('the engine uses no Node built-ins', async () => {
  const wrong = (await sources('engine')).flatMap((path) =>
    imports(path)
      .filter(isBuiltin)
      .map((specifier) => `${path} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

it('only the compiler knows cedar-wasm', async () => {
  const allowed = /^compiler\//;
  const wrong = (await Promise.all(Object.keys(ARROWS).map(sources)))
    .flat()
    .filter((path) => !allowed.test(path) && imports(path).some((name) => name.startsWith('@cedar-policy/')));
  expect(wrong).toEqual([]);
});

/** What an application may have installed, and the only place that asks for it. */
const OPTIONAL_PEERS: Record<string, RegExp> = {
  '@opentelemetry/api': /^lambda\/observe\/open-telemetry\.ts$/,
  vitest: /^lambda\/testing\/vitest\.ts$/,
};

/** Clients of the AWS SDK, each with the only place that loads it, when it must. */
const AWS_CLIENTS: Record<string, string> = {
  '@aws-sdk/client-secrets-manager': 'lambda/middleware/secret.ts',
  '@aws-sdk/client-s3': 'lambda/embedded/s3-object.ts',
};

it('functions import no framework, and the AWS SDK only when a key or newer policies are to be read', async () => {
  const wrong: string[] = [];
  // What constructs deploy is packed with what it needs, and no application imports it.
  const apart = ['sample', ...FUNCTIONS].map((name) => `lambda/${name}/`);
  for (const path of await sources('lambda')) {
    if (apart.some((folder) => path.startsWith(folder))) continue;
    const text = readFileSync(join(ROOT, path), 'utf8');
    for (const specifier of imports(path)) {
      if (specifier.startsWith('.') || isBuiltin(specifier) || AWS_CLIENTS[specifier] === path) continue;
      // Whoever does not verify tokens does not carry the library.
      if (path.startsWith('lambda/verified-jwt/') && specifier.startsWith('aws-jwt-verify/')) continue;
      if (OPTIONAL_PEERS[specifier]?.test(path)) continue;
      const typeOnly = new RegExp(`import type [^;]*from '${specifier}'`).test(text);
      if (!typeOnly) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

it('the package has the functions that constructs deploy once, packed', () => {
  const { exclude } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as {
    exclude: string[];
  };
  expect(FUNCTIONS.filter((name) => !exclude.includes(`lambda/${name}`))).toEqual([]);
});
