import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { once } from '../lazy.ts';
import { parseOptions } from '../options.ts';
import { openBundle, parseBundle } from './bundle-source.ts';

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
  const bundle = parseBundle(OWNER, raw.bundle);
  const revision = once(() => openBundle(bundle));
  return {
    load: async () => void (await revision()),
    evaluate: async (request, call) => (await revision()).pdp.evaluate(request, call),
    evaluateAll: async (requests, call) => (await revision()).pdp.evaluateAll(requests, call),
  };
}
