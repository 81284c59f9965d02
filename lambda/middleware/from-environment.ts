import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { createPdpClient } from '../client/client.ts';
import type { PdpClientEvent } from '../client/events.ts';
import type { PdpClientOptions } from '../client/options.ts';
import type { EmbeddedPdpEvent } from '../embedded/events.ts';
import { once } from '../lazy.ts';
import { type RefreshEnvironment, refreshOptions } from './refresh-environment.ts';
import { readApiKeySecret } from './secret.ts';

/** The variables that say where the PDP is; the constructs of this kit set them. */
export interface PdpEnvironment extends RefreshEnvironment {
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

/** What the client of a remote PDP is to do besides what the environment says: a cache, a fall-back. */
export interface RemotePdpOptions extends Omit<PdpClientOptions, 'url' | 'apiKey' | 'ca' | 'onEvent'> {
  /**
   * Told what happens while the client asks; and, of a PDP in this function, what becomes of looking for newer
   * policies. What it throws is dropped.
   */
  onEvent?: (event: PdpClientEvent | EmbeddedPdpEvent) => void;
}

const NO_MORE: RemotePdpOptions = {};
const made = new WeakMap<RemotePdpOptions, Map<string, PolicyDecisionPoint>>();

/**
 * The PDP that the environment names: a remote one (`PDP_URL`) or one in this function (`PDP_BUNDLE`, `PDP_SOURCE`).
 * The same environment gives the same PDP, so several handlers in a function share its connections and its memory.
 * Called while the module loads, it begins to read key or bundle there and then, in Lambda's Init phase.
 *
 * @param env default `process.env`
 * @param more for the client of a remote PDP; one in this function has use for its `onEvent`. The same object gives the
 *   same PDP
 * @throws ConfigurationError when neither or both are set, or a value is wrong
 */
export function pdpFromEnvironment(
  env: PdpEnvironment = process.env,
  more: RemotePdpOptions = NO_MORE,
): PolicyDecisionPoint {
  const read = Object.fromEntries(NAMES.map((name) => [name, settingOf(env, name)]));
  const identity = JSON.stringify(read);
  const known = made.get(more) ?? new Map<string, PolicyDecisionPoint>();
  made.set(more, known);
  const pdp = known.get(identity) ?? choose(read, more);
  known.set(identity, pdp);
  return pdp;
}

const REFRESH = [
  'PDP_SOURCE',
  'PDP_REFRESH_INTERVAL',
  'PDP_MAX_STALE',
  'PDP_VERIFY_KEY',
  'PDP_ALLOW_OLDER',
] as const satisfies (keyof RefreshEnvironment)[];

const NAMES = [
  'PDP_URL',
  'PDP_BUNDLE',
  'PDP_API_KEY',
  'PDP_API_KEY_SECRET',
  'PDP_CA',
  ...REFRESH,
] as const satisfies (keyof PdpEnvironment)[];

/** What protects must not be off because its value has got lost on the way: empty, it is a mistake that is told. */
const NEVER_EMPTY: ReadonlySet<string> = new Set(['PDP_VERIFY_KEY', 'PDP_MAX_STALE']);

/** Of others, one that is empty is not set. */
function settingOf(env: PdpEnvironment, name: (typeof NAMES)[number]): string | undefined {
  const value = env[name];
  return value === '' && !NEVER_EMPTY.has(name) ? undefined : value;
}

function choose(env: PdpEnvironment, more: RemotePdpOptions): PolicyDecisionPoint {
  const { PDP_URL: url, PDP_BUNDLE: bundle, PDP_CA: ca } = env;
  const refresh = refreshOptions(Object.fromEntries(REFRESH.map((name) => [name, env[name]])));
  if (url !== undefined && (bundle !== undefined || refresh !== undefined)) {
    throw new ConfigurationError(
      `PDP_URL and ${bundle === undefined ? 'PDP_SOURCE' : 'PDP_BUNDLE'} are both set: keep the one that this function is to use`,
    );
  }
  if (url !== undefined) {
    return remote(
      { ...more, url, ...(ca === undefined ? {} : { ca }) },
      env.PDP_API_KEY,
      env.PDP_API_KEY_SECRET,
    );
  }
  if (bundle === undefined && refresh === undefined) {
    throw new ConfigurationError(
      'no PDP is configured: set PDP_URL (the address of a PDP), PDP_BUNDLE (the path of a built bundle) or ' +
        'PDP_SOURCE (where one is published)',
    );
  }
  return embedded(bundle, refresh, more.onEvent);
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

function embedded(
  bundle: string | undefined,
  refresh: ReturnType<typeof refreshOptions>,
  onEvent: RemotePdpOptions['onEvent'],
): PolicyDecisionPoint {
  const pdp = once(async () => {
    // Loaded only here: a function that asks a remote PDP does not pay for the evaluator.
    const { createEmbeddedPdp, createRefreshedPdp } = await import('../embedded/index.ts');
    if (refresh === undefined) return createEmbeddedPdp({ bundle: bundle as string });
    const own = bundle === undefined ? {} : { bundle };
    return createRefreshedPdp({ ...refresh, ...own, ...(onEvent === undefined ? {} : { onEvent }) });
  });
  // An environment may freeze while the bundle is read from a store: the question then asks for itself.
  begin(async () => (await pdp()).load());
  return {
    evaluate: async (request, options) => (await pdp()).evaluate(request, options),
    evaluateAll: async (requests, options) => (await pdp()).evaluateAll(requests, options),
  };
}

/** Starts the work; a failure shows at the first question, which tries again. */
function begin(work: () => Promise<unknown>): void {
  work().catch(() => {});
}
