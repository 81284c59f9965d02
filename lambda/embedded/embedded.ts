import { openPdp } from '../../engine/built-pdp.ts';
import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError, PdpUnavailableError } from '../../engine/errors.ts';
import { once } from '../lazy.ts';
import { parseOptions } from '../options.ts';
import { readBundle } from './read-bundle.ts';

const OWNER = 'createEmbeddedPdp';

/** What the evaluator in the function is made from. */
export interface EmbeddedPdpOptions {
  /** What `pdp build` wrote: the path of a `.tar.gz`, its bytes, or the path of the directory of an unpacked one. */
  bundle: string | URL | Uint8Array;
}

/** A PDP in this process. */
export interface EmbeddedPdp extends PolicyDecisionPoint {
  /**
   * Reads the bundle now; without it the first question does. Done once in the life of the process; a failure
   * is not kept, so the next call tries again.
   *
   * @throws PdpUnavailableError when the bundle cannot be used
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
  const raw = parseOptions(OWNER, options, ['bundle']);
  const bundle = parseSource('bundle', raw.bundle);
  const pdp = once(() => open(bundle));
  return {
    load: async () => void (await pdp()),
    evaluate: async (request, call) => (await pdp()).evaluate(request, call),
    evaluateAll: async (requests, call) => (await pdp()).evaluateAll(requests, call),
  };
}

async function open(bundle: string | Uint8Array): Promise<PolicyDecisionPoint> {
  try {
    return openPdp(await readBundle(bundle));
  } catch (cause) {
    const name = typeof bundle === 'string' ? ` ${bundle}` : '';
    const problem = cause instanceof Error ? cause.message : 'it cannot be read';
    throw new PdpUnavailableError(`the bundle${name} cannot be used: ${problem}`, { cause });
  }
}

function parseSource(name: string, value: unknown): string | Uint8Array {
  if (value instanceof Uint8Array && value.length > 0) return value;
  if (typeof value === 'string' && value !== '') return value;
  if (value instanceof URL && value.protocol === 'file:') {
    return process.getBuiltinModule('node:url').fileURLToPath(value);
  }
  throw new ConfigurationError(`${OWNER}: ${name} must be the path of a file or its bytes`);
}
