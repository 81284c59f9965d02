/**
 * One question and how it ended, for metrics and logs. It has types and names only: no id of anybody or anything, and
 * no attribute.
 */
export interface DecisionRecord {
  /** Whether it was a permit. */
  decision: boolean;
  /** Milliseconds from the event to the answer: extractors, making the PDP, asking it. */
  durationMs: number;
  /** Absent when there was no subject, or none yet. */
  subjectType?: string;
  /** The action's name. */
  action?: string;
  resourceType?: string;
  /** Why there was no decision: the `name` of the error, such as `PdpTimeoutError` or `UnauthorizedError`. */
  error?: string;
  /** Beside `error`, whose fault it is: 400 to 499 the request's, which strangers can cause; 503 ours. */
  statusCode?: number;
  /** Whether this is the first question in this environment of the function. */
  coldStart: boolean;
}

/** Told of each question. What it throws is dropped: it cannot change what is decided. */
export type DecisionListener = (record: DecisionRecord) => void;
