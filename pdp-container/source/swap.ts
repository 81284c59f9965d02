import type { Logger } from 'pino';
import { compileInWorker, type LayerInput, type LayersResult } from '../../compiler/index.ts';
import { UrlMap } from '../../compiler/urls/url-map.ts';
import { type EvaluatorFactory, InvalidBundleError, type Pause, preparePdp } from '../../engine/index.ts';
import type { Publication } from '../../engine/publication.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Metrics } from '../metrics.ts';
import { buildTurns } from './build-turns.ts';
import type { BundleRules } from './bundle-rules.ts';
import { unreadable } from './layer-states.ts';

/** Most problems of one load in a log record. */
export const MAX_LOGGED = 50;

/** What is swapped, and by what. */
export interface SwapParts {
  active: ActiveRevision;
  metrics: Metrics;
  logger: Logger;
  evaluator: EvaluatorFactory;
  rules: BundleRules;
  /** @default in a thread of its own */
  compile?: typeof compileInWorker;
  /** What the making of a revision waits for, while the active one answers. @default turns of half a millisecond */
  pauseUntil?: (stopping: AbortSignal) => Pause;
}

/** From what was read of layers to the revision that answers. */
export class Swap {
  readonly #parts: SwapParts;
  readonly #source: string;
  readonly #stopping: AbortSignal;
  /** What is active, whatever it calls itself. */
  #contents: string | undefined;

  /** @param source names of all layers, for the log */
  constructor(parts: SwapParts, source: string, stopping: AbortSignal) {
    this.#parts = parts;
    this.#source = source;
    this.#stopping = stopping;
  }

  /**
   * Compiles a set, and has it answer from now on unless it does already.
   *
   * @param kept it was kept, and no source has said that it is what it has
   * @param taken is called when it answers, before anything is said of it
   */
  async to(
    inputs: LayerInput[],
    kept: boolean,
    taken: (layers: readonly Publication[]) => void,
  ): Promise<LayersResult<Uint8Array[]>> {
    const { active, metrics, logger, evaluator, rules } = this.#parts;
    const { compile = compileInWorker, pauseUntil = buildTurns } = this.#parts;
    const start = performance.now();
    try {
      const { limits, verifyKeys } = rules;
      const background = active.revision !== undefined;
      const result = await compile({ layers: inputs, limits, verifyKeys, background }, this.#stopping);
      if (!result.ok) return result;
      const contents = JSON.stringify(result.layers.map(({ content }) => content));
      if (result.bundle.revision === active.revision && contents === this.#contents) {
        taken(result.layers);
        metrics.reloaded('unchanged');
        logger.info({ revision: active.revision }, 'revision unchanged');
        return result;
      }
      // The new revision is ready to answer before anything sees it.
      const pdp = await preparePdp(result.bundle, { evaluator, pause: pauseUntil(this.#stopping) });
      const urls = new UrlMap(result.bundle.urlRules);
      const now = new Date();
      active.activate(pdp, urls, now, kept);
      this.#contents = contents;
      taken(result.layers);
      metrics.activated(pdp.revision, now);
      metrics.reloaded('success');
      logger.info(
        {
          revision: pdp.revision,
          source: this.#source,
          ...(kept ? { kept } : {}),
          milliseconds: Math.round(performance.now() - start),
          warnings: result.warnings.length > 0 ? result.warnings.slice(0, MAX_LOGGED) : undefined,
        },
        'revision active',
      );
      return result;
    } catch (error) {
      if (error instanceof InvalidBundleError) return { ok: false, problems: error.problems };
      return { ok: false, gaveUp: true, problems: [unreadable(this.#source, error)] };
    }
  }
}
