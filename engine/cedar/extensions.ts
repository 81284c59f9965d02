import {
  datetimeOf,
  decimalOf,
  durationOf,
  type ExtensionType,
  isExtensionValue,
} from '../extension-values.ts';
import { fail } from './failure.ts';
import { longOf } from './long.ts';

/**
 * A value of an extension type.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-datatypes.html
 */
export interface ExtensionValue {
  readonly type: ExtensionType;
  equals(other: ExtensionValue): boolean;
  /** Two values of a type are equal if and only if their keys are. */
  key(): string;
}

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

/** Decimal, datetime and duration: a type and a signed 64-bit integer. */
export class Scalar implements ExtensionValue {
  readonly type: 'decimal' | 'datetime' | 'duration';
  /** Ten-thousandths of a decimal; milliseconds since 1970, or of a duration. */
  readonly value: bigint;

  constructor(type: Scalar['type'], value: bigint) {
    this.type = type;
    this.value = value;
  }

  equals(other: ExtensionValue): boolean {
    return other instanceof Scalar && other.type === this.type && other.value === this.value;
  }

  key(): string {
    return `${this.type}:${this.value}`;
  }
}

/** A scalar of what was computed. @throws EvaluationFailure when 64 bits do not hold it */
export function scalar(type: Scalar['type'], value: bigint): Scalar {
  if (value > LONG_MAX || value < LONG_MIN) fail(`overflow of a ${type}`);
  return new Scalar(type, value);
}

export function parseDecimal(text: string): Scalar | undefined {
  return parsed('decimal', decimalOf(text));
}

export function parseDatetime(text: string): Scalar | undefined {
  return parsed('datetime', datetimeOf(text));
}

export function parseDuration(text: string): Scalar | undefined {
  return parsed('duration', durationOf(text));
}

function parsed(type: Scalar['type'], value: bigint | number | undefined): Scalar | undefined {
  return value === undefined ? undefined : new Scalar(type, BigInt(value));
}

const DAY = 86_400_000n;

/** The start of the day, in UTC. */
export function toDate(datetime: Scalar): Scalar {
  const time = ((datetime.value % DAY) + DAY) % DAY;
  return scalar('datetime', datetime.value - time);
}

/** The time since the start of the day, in UTC. */
export function toTime(datetime: Scalar): Scalar {
  return scalar('duration', ((datetime.value % DAY) + DAY) % DAY);
}

/** Whole units of a duration, towards zero. */
export function inUnits(duration: Scalar, unit: bigint): number | bigint {
  return longOf(duration.value / unit) as number | bigint;
}

/** An address or a range of addresses. */
export class IpAddress implements ExtensionValue {
  readonly type = 'ipaddr';
  readonly version: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;

  constructor(version: 4 | 6, address: bigint, prefix: number) {
    this.version = version;
    this.address = address;
    this.prefix = prefix;
  }

  equals(other: ExtensionValue): boolean {
    return other instanceof IpAddress && other.key() === this.key();
  }

  key(): string {
    return `ipaddr${this.version}:${this.address}/${this.prefix}`;
  }

  /** Whether every address of this range is one of the other's. */
  isInRange(other: IpAddress): boolean {
    if (this.version !== other.version || this.prefix < other.prefix) return false;
    const free = BigInt((this.version === 4 ? 32 : 128) - other.prefix);
    return this.address >> free === other.address >> free;
  }

  isLoopback(): boolean {
    return this.isInRange(this.version === 4 ? LOOPBACK_4 : LOOPBACK_6);
  }

  isMulticast(): boolean {
    return this.isInRange(this.version === 4 ? MULTICAST_4 : MULTICAST_6);
  }
}

export function parseIp(text: string): IpAddress | undefined {
  if (!isExtensionValue('ipaddr', text)) return undefined;
  const [address = '', prefix] = text.split('/');
  if (!address.includes(':')) {
    const bits = address.split('.').reduce((sum, octet) => (sum << 8n) + BigInt(octet), 0n);
    return new IpAddress(4, bits, Number(prefix ?? 32));
  }
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bits = [...before, ...zeros, ...after].reduce(
    (sum, group) => (sum << 16n) + BigInt(`0x${group}`),
    0n,
  );
  return new IpAddress(6, bits, Number(prefix ?? 128));
}

const LOOPBACK_4 = new IpAddress(4, 127n << 24n, 8);
const LOOPBACK_6 = new IpAddress(6, 1n, 128);
const MULTICAST_4 = new IpAddress(4, 224n << 24n, 4);
const MULTICAST_6 = new IpAddress(6, 0xffn << 120n, 8);

/** The constructors by the names that policies call them. */
export const CONSTRUCTORS: Record<string, (text: string) => ExtensionValue | undefined> = {
  decimal: parseDecimal,
  ip: parseIp,
  datetime: parseDatetime,
  duration: parseDuration,
};
