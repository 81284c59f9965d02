export type { PdpClientEvent } from '../client/events.ts';

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
