import {
  type AuthorityState,
  bundle,
  deployed,
  endOf,
  parseState,
  settled,
  signsFrom,
  type Wanted,
  withoutRetired,
} from './authority.ts';
import { CertificateError, ChangedMeanwhileError } from './errors.ts';
import { DAY_MS, makeServerCertificate } from './issue.ts';
import type { Restart } from './restart.ts';
import { reasonToIssue, serializeServerCertificate } from './server-certificate.ts';
import type { StoredSecret } from './stored-secret.ts';

/** How often a run looks again when another one was faster. */
const ATTEMPTS = 5;

/** How long before its end an authority is asked to be rotated, in days: half a year. */
export const ROTATE_BEFORE_DAYS = 180;

export interface KeeperOptions {
  readonly authority: StoredSecret;
  readonly server: StoredSecret;
  readonly now: () => Date;
  /** Takes a sentence for the function's log. */
  readonly log: (message: string) => void;
}

/**
 * Keeps the two secrets as they should be. Each run compares what is stored with what is wanted and does what is
 * missing, the authority first, so one that broke off is completed by the next.
 */
export class Keeper {
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /**
   * @param rotates whether another authority is asked for, which also replaces one that cannot be read any more
   * @returns the authorities that callers are to trust, in PEM
   */
  async deploy(wanted: Wanted, rotates: boolean): Promise<string> {
    const now = this.#options.now();
    return bundle(await this.#keep((text) => deployed(parseState(text, rotates), wanted, now)));
  }

  /**
   * @param restartTasks brings the tasks to read the certificate that was stored at a time
   * @throws CertificateError when something failed, or, after all is done, when the authority ends within half a year
   */
  async renew(restartTasks: (storedAt: Date) => Promise<Restart[]>): Promise<void> {
    const { now, log, server } = this.#options;
    const state = await this.#keep((text) => settled(known(text), now()));
    const stored = await server.read();
    if (stored === undefined)
      throw new CertificateError("the server's secret lost its value during this run");
    const restarts = await restartTasks(stored.storedAt);
    if (state.retired.length > 0 && restarts.length > 0 && restarts.every((is) => is === 'done')) {
      // Unless another run has put another authority in its place since: then its tasks are not those that were seen.
      const seen = state.current.certificate;
      const { retired } = await this.#keep((text) => {
        const latest = known(text);
        return latest.current.certificate === seen ? withoutRetired(latest) : latest;
      });
      if (retired.length === 0)
        log('every task has a certificate of the current authority: no earlier one is handed out any more');
    }
    const left = endOf(state.current.certificate).getTime() - now().getTime();
    if (state.next === undefined && left < ROTATE_BEFORE_DAYS * DAY_MS) throw rotationNeeded('ends', state);
  }

  async #keep(
    change: (stored: string | undefined) => AuthorityState | Promise<AuthorityState>,
  ): Promise<AuthorityState> {
    const { authority, log } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const stored = await authority.read();
        const state = await change(stored?.text);
        const text = JSON.stringify(state);
        if (text !== stored?.text) {
          await authority.replace(stored, text);
          log(describe(state));
        }
        await this.#keepServerCertificate(state);
        return state;
      } catch (error) {
        if (!(error instanceof ChangedMeanwhileError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #keepServerCertificate(state: AuthorityState): Promise<void> {
    const { server, now, log } = this.#options;
    const stored = await server.read();
    const reason = reasonToIssue(stored?.text, state, now());
    if (reason === undefined) return;
    if (endOf(state.current.certificate) <= now()) throw rotationNeeded('ended', state);
    const made = await makeServerCertificate(state.current, state.serverNames, now());
    await server.replace(stored, serializeServerCertificate(made));
    log(`new server certificate, since ${reason}; it ends on ${endOf(made.certificate).toISOString()}`);
  }
}

function known(text: string | undefined): AuthorityState {
  const state = parseState(text);
  if (state !== undefined) return state;
  throw new CertificateError('there is no authority: deploy the stack, which makes one');
}

function rotationNeeded(verb: 'ends' | 'ended', { current }: AuthorityState): CertificateError {
  const end = endOf(current.certificate).toISOString();
  return new CertificateError(
    `the authority ${verb} on ${end}: deploy with another \`certificateAuthority\`, which makes a new one`,
  );
}

function describe({ current, next, retired }: AuthorityState): string {
  const generations = [
    `generation '${current.generation}' signs`,
    ...(next === undefined ? [] : [`generation '${next.generation}' from ${signsFrom(next).toISOString()}`]),
    ...(retired.length === 0 ? [] : [`${retired.length} before are trusted`]),
  ];
  return `authorities: ${generations.join(', ')}`;
}
