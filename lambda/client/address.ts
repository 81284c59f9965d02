import type { Agent, AgentOptions } from 'node:http';
import { Breaker } from './breaker.ts';
import type { Emit } from './events.ts';

/**
 * How long a connection may be idle and still be used, in milliseconds: less than the 60 s after which an
 * Application Load Balancer closes it, and the 350 s after which a VPC forgets it and drops what is sent.
 */
const IDLE_MS = 50_000;

/** How the addresses of one client are reached. */
export interface AddressSettings {
  Agent: new (options: AgentOptions) => Agent;
  /** Connections open at the same time, to each. */
  maxConnections: number;
  /** Milliseconds of the wall clock, which goes on while a function is frozen. */
  now: () => number;
  emit: Emit | undefined;
}

/** One address of the service: the connections to it, and what is known of it. */
export class Address {
  readonly ip: string;
  readonly breaker: Breaker;
  /** Attempts under way. */
  pending = 0;
  readonly #agent: Agent;
  readonly #now: () => number;
  #usedAt: number;

  constructor(ip: string, { Agent, maxConnections, now, emit }: AddressSettings) {
    this.ip = ip;
    this.breaker = new Breaker(now, (open) =>
      emit?.({ type: open ? 'breaker-open' : 'breaker-close', address: ip }),
    );
    this.#agent = new Agent({ keepAlive: true, maxSockets: maxConnections });
    this.#now = now;
    this.#usedAt = now();
  }

  /** The agent to send the next request with; connections that were idle for too long are gone from it. */
  agent(): Agent {
    const now = this.#now();
    if (Math.abs(now - this.#usedAt) > IDLE_MS) this.dropIdle();
    this.#usedAt = now;
    return this.#agent;
  }

  /** Closes the connections that are kept, so that the next request gets a new one. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** The address is none of the service any more: what is under way ends, nothing is kept. */
  retire(): void {
    this.#agent.maxFreeSockets = 0;
    this.dropIdle();
  }

  /** Closes all connections, also those in use. */
  close(): void {
    this.#agent.destroy();
  }
}
