import type { AccessRequest, Decision, LocalPdp } from '../engine/contract.ts';
import type { Asked, DecisionLog, SearchKind } from './decision-log.ts';
import type { Metrics } from './metrics.ts';
import type { RequestIds } from './request-ids.ts';

/** Makes decisions, and counts, times and logs each. Every HTTP face decides through this one. */
export class Decider {
  readonly #metrics: Metrics;
  readonly log: DecisionLog;

  constructor(metrics: Metrics, log: DecisionLog) {
    this.#metrics = metrics;
    this.log = log;
  }

  /** @throws InvalidRequestError */
  decide(pdp: LocalPdp, request: AccessRequest, ids: RequestIds): Decision {
    const start = performance.now();
    const decision = pdp.decide(request);
    this.#record(request, decision, ids, performance.now() - start);
    return decision;
  }

  /** Denies what cannot be evaluated, inside a batch that goes on. */
  denyInvalid(pdp: LocalPdp, asked: Asked, message: string, ids: RequestIds): Decision {
    const decision = {
      decision: false,
      context: { revision: pdp.revision, error: { status: 400, message } },
    };
    this.#record(asked, decision, ids, 0);
    return decision;
  }

  /** Logs a search that began at `start`. Its many decisions are one line. */
  searched(
    kind: SearchKind,
    asked: Asked,
    results: number,
    { revision }: LocalPdp,
    ids: RequestIds,
    start: number,
  ): void {
    const micros = Math.round((performance.now() - start) * 1000);
    this.log.search(kind, asked, results, revision, ids, micros);
  }

  #record(asked: Asked, decision: Decision, ids: RequestIds, milliseconds: number): void {
    this.#metrics.decided(decision.decision, milliseconds / 1000, decision.context?.errors?.length ?? 0);
    this.log.decision(asked, decision, ids, Math.round(milliseconds * 1000));
  }
}
