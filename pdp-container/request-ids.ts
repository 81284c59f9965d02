/** What the lines of the log about a request are found by. */
export interface RequestIds {
  /** The caller's, or one of our own. */
  readonly requestId: string;
  /** The trace that the caller says the request belongs to, in W3C's form. It is logged, and nothing is done by it. */
  readonly traceId: string | undefined;
}
