/** What a source somewhere else holds: an archive, and what tells it from the next. */
export interface Fetched {
  /** A `.tar.gz`, not checked yet. */
  archive: Uint8Array;
  /** Changes with the archive: an ETag, or a commit. */
  tag: string;
}

/** A source that is asked over a network. */
export interface RemoteSource {
  /** For people, logs and errors: the address, without credentials. */
  readonly name: string;
  /**
   * Whether {@link fetch} itself waits for a change, as long polling does: it is then asked again at once, and not
   * after the refresh interval. It may change with every answer.
   */
  readonly waits?: boolean;
  /**
   * Gets what is there now, unless it is what `tag` names.
   *
   * @param tag of what is known already; undefined gets whatever there is
   * @param signal gives up; every wait inside ends at once
   * @returns undefined when it is still that
   * @throws SourceError
   */
  fetch(tag: string | undefined, signal: AbortSignal): Promise<Fetched | undefined>;
  /** Lets go of connections. */
  close?(): void;
}

/** Most that is read of a source, past which it is refused. */
export interface FetchLimits {
  /** Bytes of the archive as it is sent. @default 67108864 */
  archiveBytes: number;
  /** Milliseconds for one fetch, apart from the time that a server holds a long poll. @default 60000 */
  fetchMs: number;
}

export const DEFAULT_FETCH_LIMITS: Readonly<FetchLimits> = {
  archiveBytes: 64 * 1024 * 1024,
  fetchMs: 60_000,
};

/** A source could not be read. The message is for people: no credentials, and no more of an answer than its status. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
