import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalPdp, PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError, PdpUnavailableError } from '../../engine/errors.ts';
import { createPdp, readArchive } from '../../engine/index.ts';
import { once } from '../lazy.ts';
import { parseOptions } from '../options.ts';

const OWNER = 'createEmbeddedPdp';

/** The name under which the evaluator's WebAssembly is packed beside a bundle. */
const WASM_FILE = 'cedar_wasm_bg.wasm';

/** What the evaluator in the function is made from. */
export interface EmbeddedPdpOptions {
  /** A bundle that `pdp build` wrote (`.tar.gz`): its path, or its bytes. */
  bundle: string | URL | Uint8Array;
  /**
   * The evaluator's WebAssembly: its path, or its bytes.
   *
   * @default - `cedar_wasm_bg.wasm` beside the bundle when it is there, else the one of the package
   */
  wasm?: string | URL | Uint8Array;
}

/** A PDP in this process. */
export interface EmbeddedPdp extends PolicyDecisionPoint {
  /**
   * Reads the bundle now; without it the first question does. Done once in the life of the process; a failure
   * is not kept, so the next call tries again.
   *
   * @throws PdpUnavailableError when the bundle or the evaluator cannot be used
   */
  load(): Promise<void>;
}

/**
 * A PDP that evaluates in the function, with no network call.
 *
 * @example
 * const pdp = createEmbeddedPdp({ bundle: new URL('bundle.tar.gz', import.meta.url) });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function createEmbeddedPdp(options: EmbeddedPdpOptions): EmbeddedPdp {
  const raw = parseOptions(OWNER, options, ['bundle', 'wasm']);
  const bundle = parseSource('bundle', raw.bundle);
  const wasm = raw.wasm === undefined ? undefined : parseSource('wasm', raw.wasm);
  const pdp = once(() => open(bundle, wasm ?? wasmBeside(bundle)));
  return {
    load: async () => void (await pdp()),
    evaluate: async (request, call) => (await pdp()).evaluate(request, call),
    evaluateAll: async (requests, call) => (await pdp()).evaluateAll(requests, call),
  };
}

async function open(bundle: string | Uint8Array, wasm: string | Uint8Array | undefined): Promise<LocalPdp> {
  try {
    const [contents, wasmBytes] = await Promise.all([
      bytesOf(bundle).then(readArchive),
      wasm === undefined ? undefined : bytesOf(wasm),
    ]);
    return createPdp(contents, wasmBytes === undefined ? {} : { wasm: wasmBytes });
  } catch (cause) {
    const name = typeof bundle === 'string' ? ` ${bundle}` : '';
    const problem = cause instanceof Error ? cause.message : 'it cannot be read';
    throw new PdpUnavailableError(`the bundle${name} cannot be used: ${problem}`, { cause });
  }
}

async function bytesOf(source: string | Uint8Array): Promise<Uint8Array> {
  return typeof source === 'string' ? readFile(source) : source;
}

function wasmBeside(bundle: string | Uint8Array): string | undefined {
  if (typeof bundle !== 'string') return undefined;
  const path = join(dirname(bundle), WASM_FILE);
  return existsSync(path) ? path : undefined;
}

function parseSource(name: string, value: unknown): string | Uint8Array {
  if (value instanceof Uint8Array && value.length > 0) return value;
  if (typeof value === 'string' && value !== '') return value;
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value);
  throw new ConfigurationError(`${OWNER}: ${name} must be the path of a file or its bytes`);
}
