import { onTestFinished, vi } from 'vitest';
import type { AccessRequest, Decision } from '../../../engine/contract.ts';
import {
  createRefreshedPdp,
  type EmbeddedPdp,
  type EmbeddedPdpEvent,
  type RefreshedPdpOptions,
} from '../../../lambda/embedded/index.ts';
import { type S3Server, startS3Server } from '../../pdp-container/support/s3-server.ts';
import { published } from './published.ts';

export const SOURCE = 's3://policies/bundle.tar.gz';

/** A store on loopback, and a clock that tests put forward. */
export interface Store {
  server: S3Server;
  /** Puts into it a bundle in which `who` may view everything, or the bytes of one. */
  put(content: string | Uint8Array, sequence?: number): Promise<void>;
  /** How often it was read. */
  reads(): number;
  /** The tags that the reads said to know, in order. */
  known(): (string | undefined)[];
}

/** The environment of the process says where it is, as it does in a function. */
export async function openStore(): Promise<Store> {
  const server = await startS3Server();
  onTestFinished(() => server.close());
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const reads = () => server.calls.filter(({ operation }) => operation === 'GetObject');
  return {
    server,
    async put(content, sequence) {
      const more = sequence === undefined ? {} : { sequence };
      const bytes = typeof content === 'string' ? await published(content, more) : content;
      server.put('policies', 'bundle.tar.gz', bytes);
    },
    reads: () => reads().length,
    known: () => reads().map(({ headers }) => headers['if-none-match']),
  };
}

/** A PDP over a store, with what it told. */
export interface Refreshed {
  pdp: EmbeddedPdp;
  events: EmbeddedPdpEvent[];
  /** Who may view: the one user that the policies in use are for. */
  may(...users: string[]): Promise<boolean[]>;
  /** Waits for the event of a type, or for the one of so many. */
  told(type: EmbeddedPdpEvent['type'], times?: number): Promise<EmbeddedPdpEvent>;
}

export function refreshed(options: Partial<RefreshedPdpOptions> = {}): Refreshed {
  const events: EmbeddedPdpEvent[] = [];
  const pdp = createRefreshedPdp({
    source: SOURCE,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return {
    pdp,
    events,
    told: (type, times = 1) =>
      soon(() => {
        const event = events.filter((one) => one.type === type)[times - 1];
        if (event === undefined) throw new Error(`told of ${JSON.stringify(events)}, and not of ${type}`);
        return event;
      }),
    may: (...users) => Promise.all(users.map(async (id) => (await pdp.evaluate(asks(id))).decision)),
  };
}

/** Tries again until it does not throw. The SDK takes a while to load on a busy machine. */
export function soon<T>(attempt: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(attempt, { timeout: 20_000, interval: 5 });
}

export function asks(id: string): AccessRequest {
  return {
    subject: { type: 'User', id },
    action: { name: 'view' },
    resource: { type: 'Note', id: 'acme/roadmap' },
  };
}

export function revisionsOf(decisions: Decision[]): (string | undefined)[] {
  return [...new Set(decisions.map(({ context }) => context?.revision))];
}

let ahead = 0;

/** The wall clock goes on by so much, as it does for a function that was frozen. */
export function later(milliseconds: number): void {
  if (!vi.isMockFunction(Date.now)) {
    const now = Date.now.bind(Date);
    ahead = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    onTestFinished(() => clock.mockRestore());
  }
  ahead += milliseconds;
}
