import type { Clock } from './clock.ts';
import type { Health } from './health.ts';

/** Milliseconds between two looks. */
const INTERVAL_MS = 2_000;

/** A PDP that is to run a revision. */
export interface Target {
  /** For people. */
  name: string;
  ask(): Promise<Health | { problem: string }>;
}

/** The PDPs there are now: tasks come and go, and so do the addresses of a name. */
export type Targets = () => Promise<Target[]>;

/** The publication that is waited for. */
export interface Wanted {
  revision: string;
  sequence: number | null;
}

/** How a PDP stood to it when it was last asked. */
export interface Standing {
  pdp: string;
  state: 'reached' | 'other' | 'superseded' | 'unreachable';
  revision: string | null;
  /** Why it does not run it, in a line. */
  reason: string | null;
}

export interface FollowOptions {
  /** Milliseconds to follow for. */
  timeoutMs: number;
  /** Stops following. */
  signal: AbortSignal;
  /** Told how far it is, whenever that has changed. */
  onProgress(seconds: number, progress: string): void;
}

export interface FollowResult {
  /** `superseded`: nothing is left to wait for, as a later publication runs. */
  outcome: 'reached' | 'superseded' | 'timed-out' | 'interrupted';
  seconds: number;
  pdps: Standing[];
}

/** Asks PDPs until each of them runs what was published. At least one must be there. */
export async function follow(
  targets: Targets,
  wanted: Wanted,
  { timeoutMs, signal, onProgress }: FollowOptions,
  clock: Clock,
): Promise<FollowResult> {
  const start = clock.now();
  let told = '';
  for (;;) {
    const pdps = await look(targets, wanted);
    const elapsed = clock.now() - start;
    const seconds = Math.round(elapsed / 1_000);
    const progress = progressOf(pdps);
    if (progress !== told) onProgress(seconds, progress);
    told = progress;
    const waiting = pdps.filter(({ state }) => state === 'other' || state === 'unreachable');
    const ended = (outcome: FollowResult['outcome']): FollowResult => ({ outcome, seconds, pdps });
    if (pdps.length > 0 && waiting.length === 0) {
      return ended(pdps.some(({ state }) => state === 'superseded') ? 'superseded' : 'reached');
    }
    if (signal.aborted) return ended('interrupted');
    if (elapsed >= timeoutMs) return ended('timed-out');
    await clock.wait(Math.min(INTERVAL_MS, timeoutMs - elapsed), signal);
  }
}

async function look(targets: Targets, wanted: Wanted): Promise<Standing[]> {
  const found = await targets();
  return Promise.all(found.map(async ({ name, ask }) => ({ pdp: name, ...standingOf(await ask(), wanted) })));
}

function standingOf(said: Health | { problem: string }, wanted: Wanted): Omit<Standing, 'pdp'> {
  if ('problem' in said) return { state: 'unreachable', revision: null, reason: said.problem };
  const { revision, sequence, status, failure } = said;
  // Of several sources a PDP has a revision of its own making.
  const runs =
    revision === wanted.revision || (said.sources.length > 1 && said.sources.includes(wanted.revision));
  if (runs && status === 'ready') return { state: 'reached', revision, reason: null };
  if (runs) return { state: 'other', revision, reason: `it is ${status}` };
  if (sequence !== null && wanted.sequence !== null && sequence > wanted.sequence) {
    return {
      state: 'superseded',
      revision,
      reason: `it runs revision ${revision}, published as ${sequence}`,
    };
  }
  const serves = revision === null ? `it is ${status}` : `it runs revision ${revision}`;
  if (failure === null) return { state: 'other', revision, reason: serves };
  const { problemCount, problem } = failure;
  const why = problem === null ? `${problemCount} problems; its log and PDP_API_KEY say which` : problem;
  const more = problem !== null && problemCount > 1 ? ` (and ${problemCount - 1} more)` : '';
  return {
    state: 'other',
    revision,
    reason: `${serves}, and refuses what it was last offered: ${why}${more}`,
  };
}

function progressOf(pdps: Standing[]): string {
  if (pdps.length === 0) return 'there is no PDP to ask yet';
  const reached = pdps.filter(({ state }) => state === 'reached').length;
  const others = pdps.filter(({ state }) => state !== 'reached');
  const reasons = others.map(({ pdp, reason }) => `${pdp}: ${reason}`).join('; ');
  return `${reached} of ${pdps.length} run it${others.length === 0 ? '' : `; ${reasons}`}`;
}
