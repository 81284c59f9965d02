import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { createPdpClient } from '../client/client.ts';
import type { PdpClientOptions } from '../client/options.ts';
import { once } from '../lazy.ts';
import { readApiKeySecret } from './secret.ts';

/** The variables that say where the PDP is; the constructs of this kit set them. */
export interface PdpEnvironment {
  /** Address of a remote PDP: `http://…` or `https://…`. */
  PDP_URL?: string | undefined;
  /** Path of a built bundle, unpacked or not, for the evaluator in the function. */
  PDP_BUNDLE?: string | undefined;
  /** Key for the remote PDP. */
  PDP_API_KEY?: string | undefined;
  /** ARN or name of the Secrets Manager secret that holds the key. */
  PDP_API_KEY_SECRET?: string | undefined;
  /** Certificate authorities (PEM) of a remote PDP. */
  PDP_CA?: string | undefined;
}

/** What the client of a remote PDP is to do besides what the environment says: `onEvent`, a cache, a fall-back. */
export type RemotePdpOptions = Omit<PdpClientOptions, 'url' | 'apiKey' | 'ca'>;

const NO_MORE: RemotePdpOptions = {};
const made = new WeakMap<RemotePdpOptions, Map<string, PolicyDecisionPoint>>();

/**
 * The PDP that the environment names: a remote one (`PDP_URL`) or one in this function (`PDP_BUNDLE`). The same
 * environment gives the same PDP, so several handlers in a function share its connections and its memory. Called
 * while the module loads, it begins to read key or bundle there and then, in Lambda's Init phase.
 *
 * @param env default `process.env`
 * @param more for the client of a remote PDP; one in this function has no use for it. The same object gives the same PDP
 * @throws ConfigurationError when neither or both are set, or a value is wrong
 */
export function pdpFromEnvironment(
  env: PdpEnvironment = process.env,
  more: RemotePdpOptions = NO_MORE,
): PolicyDecisionPoint {
  const [url, bundle, key, secret, ca] = [
    env.PDP_URL,
    env.PDP_BUNDLE,
    env.PDP_API_KEY,
    env.PDP_API_KEY_SECRET,
    env.PDP_CA,
  ].map((value) => value || undefined);
  const identity = JSON.stringify([url, bundle, key, secret, ca]);
  const known = made.get(more) ?? new Map<string, PolicyDecisionPoint>();
  made.set(more, known);
  const pdp = known.get(identity) ?? choose({ url, bundle, key, secret, ca }, more);
  known.set(identity, pdp);
  return pdp;
}

type Choice = Record<'url' | 'bundle' | 'key' | 'secret' | 'ca', string | undefined>;

function choose({ url, bundle, key, secret, ca }: Choice, more: RemotePdpOptions): PolicyDecisionPoint {
  if (url !== undefined && bundle !== undefined) {
    throw new ConfigurationError(
      'PDP_URL and PDP_BUNDLE are both set: keep the one that this function is to use',
    );
  }
  if (url !== undefined) return remote({ ...more, url, ...(ca === undefined ? {} : { ca }) }, key, secret);
  if (bundle !== undefined) return embedded(bundle);
  throw new ConfigurationError(
    'no PDP is configured: set PDP_URL (the address of a PDP) or PDP_BUNDLE (the path of a built bundle)',
  );
}

function remote(options: PdpClientOptions, key?: string, secret?: string): PolicyDecisionPoint {
  if (key !== undefined && secret !== undefined) {
    throw new ConfigurationError('PDP_API_KEY and PDP_API_KEY_SECRET are both set: keep one of them');
  }
  if (secret === undefined) return createPdpClient(key === undefined ? options : { ...options, apiKey: key });
  const first = once(() => readApiKeySecret(secret));
  begin(first);
  let asked = false;
  // The read that began with the module serves the first question; one after a refusal reads anew.
  const apiKey = () => {
    if (asked) return readApiKeySecret(secret);
    asked = true;
    // An environment may freeze while the read is under way, which is then lost: the question reads for itself.
    return first().catch(() => readApiKeySecret(secret));
  };
  return createPdpClient({ ...options, apiKey });
}

function embedded(bundle: string): PolicyDecisionPoint {
  const pdp = once(async () => {
    // Loaded only here: a function that asks a remote PDP does not pay for the evaluator.
    const { createEmbeddedPdp } = await import('../embedded/index.ts');
    const local = createEmbeddedPdp({ bundle });
    await local.load();
    return local;
  });
  begin(pdp);
  return {
    evaluate: async (request, options) => (await pdp()).evaluate(request, options),
    evaluateAll: async (requests, options) => (await pdp()).evaluateAll(requests, options),
  };
}

/** Starts the work; a failure shows at the first question, which tries again. */
function begin(work: () => Promise<unknown>): void {
  work().catch(() => {});
}
