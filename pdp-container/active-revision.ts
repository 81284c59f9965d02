import { UrlMap } from '../compiler/urls/url-map.ts';
import type { LocalPdp } from '../engine/contract.ts';
import { PdpUnavailableError, type Problem } from '../engine/index.ts';

/** How the latest load of the source went wrong. */
export interface ReloadFailure {
  at: Date;
  problems: Problem[];
}

/**
 * The revision that answers. A request takes {@link pdp} once and keeps to it, so that no request sees half of
 * two revisions.
 */
export class ActiveRevision {
  #pdp: LocalPdp | undefined;
  #urls = new UrlMap();
  #since: Date | undefined;
  #failure: ReloadFailure | undefined;
  #staleSince: Date | undefined;
  #kept = false;

  /** @throws PdpUnavailableError when no revision is active yet */
  get pdp(): LocalPdp {
    if (this.#pdp === undefined) throw new PdpUnavailableError('no revision is active yet');
    return this.#pdp;
  }

  /** The URL rules of the same revision. @throws PdpUnavailableError when no revision is active yet */
  get urls(): UrlMap {
    if (this.#pdp === undefined) throw new PdpUnavailableError('no revision is active yet');
    return this.#urls;
  }

  get revision(): string | undefined {
    return this.#pdp?.revision;
  }

  get since(): Date | undefined {
    return this.#since;
  }

  /** Set while the latest load failed: what answers is then older than the source. */
  get failure(): ReloadFailure | undefined {
    return this.#failure;
  }

  /** Since when the source has been something else than what is active, or not been readable, as far as is known. */
  get staleSince(): Date | undefined {
    return this.#staleSince;
  }

  /** Whether what is active was kept by an earlier process, and no source has said yet that it is what it has. */
  get kept(): boolean {
    return this.#kept;
  }

  /**
   * Has a revision answer from now on. Whether it is what the source has, {@link confirm} and {@link fail} say.
   *
   * @param kept it was kept, and may be older than the source
   */
  activate(pdp: LocalPdp, urls: UrlMap, at: Date, kept = false): void {
    this.#pdp = pdp;
    this.#urls = urls;
    this.#since = at;
    this.#kept = kept;
  }

  /** The source is again, or still, what is active. */
  confirm(): void {
    this.#kept = false;
    this.#failure = undefined;
    this.#staleSince = undefined;
  }

  fail(failure: ReloadFailure): void {
    this.#failure = failure;
    this.#staleSince ??= failure.at;
  }
}
