import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as cedar from '@cedar-policy/cedar-wasm/web';

/** In its package and beside a packed server. */
const CEDAR_WASM_FILE = 'cedar_wasm_bg.wasm';

let loaded = false;

/**
 * The official Cedar build, instantiated once for the process.
 * Its file is taken from beside this code (a packed
 * server) or from the installed package.
 */
export function loadCedar(): typeof cedar {
  if (!loaded) {
    cedar.initSync({ module: readInstalled() as Uint8Array<ArrayBuffer> });
    loaded = true;
  }
  return cedar;
}

function readInstalled(): Uint8Array {
  const here = dirname(fileURLToPath(import.meta.url));
  try {
    return readFileSync(join(here, CEDAR_WASM_FILE));
  } catch {
    const entry = fileURLToPath(import.meta.resolve('@cedar-policy/cedar-wasm/web'));
    return readFileSync(join(dirname(entry), CEDAR_WASM_FILE));
  }
}
