import { Address, type AddressSettings } from './address.ts';
import { ConnectionError } from './exchange.ts';
import { isIpAddress, type Lookup } from './lookup.ts';

/** After how long the addresses are asked for again, by the next request, in milliseconds. */
const FRESH_MS = 10_000;

/**
 * For how long a request goes on with the addresses it has while they are asked for again, in milliseconds: the TTL
 * that Cloud Map gives a record by default. After a longer freeze it waits for the new ones.
 */
const USABLE_MS = 60_000;

/** After how long a lookup counts as lost, in milliseconds: one that a freeze cut off may stay without an answer. */
const LOST_MS = 1_000;

export interface AddressBookSettings extends AddressSettings {
  /** The host of the service: a name, or an IP address. */
  host: string;
  lookup: Lookup;
}

/**
 * The addresses of the service, asked for anew by requests and never by a timer: a frozen function would not run
 * it. An address that stays keeps its connections; when the lookup fails, the last addresses stay.
 */
export class AddressBook {
  readonly #settings: AddressBookSettings;
  readonly #isAddress: boolean;
  #known: ReadonlyMap<string, Address> = new Map();
  #knownAt = 0;
  #lookup: { since: number; done: Promise<void> } | undefined;

  constructor(settings: AddressBookSettings) {
    this.#settings = settings;
    this.#isAddress = isIpAddress(settings.host);
  }

  /**
   * @param waitMs how long to wait for new addresses, when there are old ones
   * @throws ConnectionError when there never were any
   */
  async get(waitMs: number): Promise<readonly Address[]> {
    const age = this.#age(this.#knownAt);
    if (this.#known.size === 0) await this.#refresh();
    else if (!this.#isAddress && age > FRESH_MS) {
      const refreshed = this.#refresh().catch(() => {});
      if (age > USABLE_MS) await within(waitMs, refreshed);
    }
    return [...this.#known.values()];
  }

  close(): void {
    for (const address of this.#known.values()) address.close();
  }

  /** A distance: a clock that was set back must not keep addresses for hours. */
  #age(time: number): number {
    return Math.abs(this.#settings.now() - time);
  }

  /** Requests at the same time share one lookup. */
  #refresh(): Promise<void> {
    if (this.#lookup === undefined || this.#age(this.#lookup.since) > LOST_MS) {
      const done: Promise<void> = this.#find().then((found) => this.#found(done, found));
      this.#lookup = { since: this.#settings.now(), done };
    }
    return this.#lookup.done;
  }

  /** Takes what a lookup found, unless it counts as lost. */
  #found(done: Promise<void>, found: string[] | ConnectionError): void {
    if (this.#lookup?.done === done) {
      this.#lookup = undefined;
      // Also after a failure: a resolver that is in trouble is not asked with every request.
      this.#knownAt = this.#settings.now();
      if (Array.isArray(found)) this.#replace(found);
    }
    if (found instanceof ConnectionError) throw found;
  }

  async #find(): Promise<string[] | ConnectionError> {
    const { host, lookup } = this.#settings;
    if (this.#isAddress) return [host];
    try {
      return parseAddresses(host, await lookup(host));
    } catch (cause) {
      const message = cause instanceof Error && cause.message !== '' ? cause.message : 'the lookup failed';
      return new ConnectionError(message, { cause });
    }
  }

  #replace(ips: readonly string[]): void {
    const before = this.#known;
    this.#known = new Map(ips.map((ip) => [ip, before.get(ip) ?? new Address(ip, this.#settings)]));
    for (const [ip, address] of before) {
      if (!this.#known.has(ip)) address.retire();
    }
  }
}

function parseAddresses(host: string, found: unknown): string[] {
  const ips = Array.isArray(found) ? found.filter((ip) => typeof ip === 'string' && isIpAddress(ip)) : [];
  if (ips.length === 0) throw new Error(`${host} has no address`);
  return ips;
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise: timeUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
