import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as cedar from '@cedar-policy/cedar-wasm/web';

/** The name of the WebAssembly file, in its package and beside a packed bundle. */
export const CEDAR_WASM_FILE = 'cedar_wasm_bg.wasm';

let loaded = false;

/**
 * The official Cedar build, instantiated once for the process.
 *
 * @param wasm the bytes of `cedar_wasm_bg.wasm`; without them the file beside this code is taken (a packed
 *   server), or that of the installed package
 */
export function loadCedar(wasm?: Uint8Array): typeof cedar {
  if (!loaded) {
    cedar.initSync({ module: (wasm ?? readInstalled()) as Uint8Array<ArrayBuffer> });
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
