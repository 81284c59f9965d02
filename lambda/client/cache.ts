import type {
  AccessRequest,
  Decision,
  EvaluateAllOptions,
  EvaluateOptions,
  PolicyDecisionPoint,
} from '../../engine/contract.ts';
import { isDecided } from './batch.ts';
import type { Emit } from './events.ts';
import type { DecisionCacheOptions } from './options.ts';
import { canonical } from './wire.ts';

/** The longest request that is kept, in characters: together with `maxEntries` it bounds the memory. */
const LONGEST_KEY = 8_192;

interface Entry {
  /** JSON: each caller gets an object of its own. */
  decision: string;
  at: number;
}

/** Decisions by the whole request, the last used at the end, all of one revision. */
export class DecisionCache {
  readonly #options: Required<DecisionCacheOptions>;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  #revision: string | undefined;

  /** @param now milliseconds of the wall clock, which goes on while a function is frozen */
  constructor(options: Required<DecisionCacheOptions>, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  get(key: string): Decision | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    // A distance: a clock that was set back must not keep a decision for hours.
    if (Math.abs(this.#now() - entry.at) >= this.#options.ttlMs) return undefined;
    this.#entries.set(key, entry);
    return JSON.parse(entry.decision) as Decision;
  }

  /** Keeps a decision. One of another revision than the last ends what was kept before. */
  put(key: string, decision: Decision): void {
    const { error, revision } = decision.context ?? {};
    // It is not the policies' word: the server could not answer.
    if (error !== undefined) return;
    if (revision !== this.#revision) {
      this.#entries.clear();
      this.#revision = revision;
    }
    if (key.length > LONGEST_KEY) return;
    this.#entries.delete(key);
    this.#entries.set(key, { decision: JSON.stringify(decision), at: this.#now() });
    if (this.#entries.size > this.#options.maxEntries) {
      this.#entries.delete(this.#entries.keys().next().value as string);
    }
  }
}

/** A PDP that is asked only for what the cache does not have. */
export function cached(
  pdp: PolicyDecisionPoint,
  cache: DecisionCache,
  emit: Emit | undefined,
): PolicyDecisionPoint {
  const known = (key: string): Decision | undefined => {
    const decision = cache.get(key);
    emit?.({ type: decision === undefined ? 'cache-miss' : 'cache-hit' });
    return decision;
  };
  return {
    async evaluate(request: AccessRequest, options?: EvaluateOptions): Promise<Decision> {
      const key = canonical(request);
      const hit = known(key);
      if (hit !== undefined) return hit;
      const decision = await pdp.evaluate(request, options);
      cache.put(key, decision);
      return decision;
    },
    async evaluateAll(requests: AccessRequest[], options: EvaluateAllOptions = {}): Promise<Decision[]> {
      const { semantic = 'execute_all' } = options;
      const keys = requests.map(canonical);
      const decisions: Decision[] = [];
      // What is known of the beginning; from the first that is not, the PDP is asked.
      for (const key of keys) {
        const hit = known(key);
        if (hit === undefined) break;
        decisions.push(hit);
        if (isDecided(decisions, semantic)) return decisions;
      }
      const from = decisions.length;
      if (from === requests.length) return decisions;
      for (const decision of await pdp.evaluateAll(requests.slice(from), options)) {
        cache.put(keys[decisions.length] as string, decision);
        decisions.push(decision);
      }
      return decisions;
    },
  };
}
