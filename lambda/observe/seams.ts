/** What the middleware tells of one decision: no id and no attribute. */
export interface DecisionRecord {
  decision: boolean;
  durationMs: number;
  subjectType?: string;
  action?: string;
  resourceType?: string;
  /** The name of an error, when there was no decision. */
  error?: string;
  coldStart: boolean;
}

/** What the client tells of its work. */
export interface PdpClientEvent {
  type:
    | 'attempt'
    | 'retry'
    | 'hedge'
    | 'breaker-open'
    | 'breaker-close'
    | 'cache-hit'
    | 'cache-miss'
    | 'fallback';
  address?: string;
  durationMs?: number;
  status?: number;
  /** The name of an error. */
  error?: string;
}
