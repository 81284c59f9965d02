/**
 * The text forms of Cedar's extension types: whether Cedar will take a string as one.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-datatypes.html
 */
export type ExtensionType = 'decimal' | 'ipaddr' | 'datetime' | 'duration';

/** The constructor function of each extension type, as `__extn.fn` names it. */
export const CONSTRUCTOR: Record<ExtensionType, string> = {
  decimal: 'decimal',
  ipaddr: 'ip',
  datetime: 'datetime',
  duration: 'duration',
};

/** What a right value looks like, for messages. */
export const EXAMPLE: Record<ExtensionType, string> = {
  decimal: '"12.50": one to four digits after the point',
  ipaddr: '"10.0.0.1" or "10.0.0.0/8"',
  datetime: '"2026-01-31T12:00:00Z"',
  duration: '"1d2h30m"',
};

const LONG_BITS = 64;

function asLong(value: bigint): bigint | undefined {
  return BigInt.asIntN(LONG_BITS, value) === value ? value : undefined;
}

// Zeros may lead without end; a number that is longer than these without them is too large anyhow.
const DECIMAL = /^(-?)0*(\d{1,15})\.(\d{1,4})$/;

/** The ten-thousandths of a decimal; undefined for text that is none. */
export function decimalOf(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  return asLong(BigInt(`${sign}${whole}${fraction.padEnd(4, '0')}`));
}

function isPrefix(text: string | undefined, max: number): boolean {
  if (text === undefined) return true;
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= max;
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return (
    octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)
  );
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}

function isIpaddr(text: string): boolean {
  if (text.length > 43) return false;
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  return isIpv4(address) ? isPrefix(prefix, 32) : isIpv6(address) && isPrefix(prefix, 128);
}

const DATETIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/;

/** The milliseconds since 1970 of a datetime; undefined for text that is none. */
export function datetimeOf(text: string): number | undefined {
  const match = DATETIME.exec(text);
  if (match === null) return undefined;
  const part = (index: number) => Number(match[index] ?? 0);
  const [month, day, hour, minute, second] = [part(2) - 1, part(3), part(4), part(5), part(6)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  const date = new Date(0);
  date.setUTCFullYear(part(1), month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  date.setUTCHours(hour, minute, second, part(7));
  const offset = (offsetHour * 60 + offsetMinute) * 60_000;
  return date.getTime() - (match[8] === '-' ? -offset : offset);
}

const DURATION =
  /^(-?)(?:0*(\d{1,19})d)?(?:0*(\d{1,19})h)?(?:0*(\d{1,19})m(?!s))?(?:0*(\d{1,19})s)?(?:0*(\d{1,19})ms)?$/;
const UNIT_MILLISECONDS = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n];

/** The milliseconds of a duration; undefined for text that is none. */
export function durationOf(text: string): bigint | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const amounts = match.slice(2);
  if (amounts.every((amount) => amount === undefined)) return undefined;
  const total = UNIT_MILLISECONDS.reduce((sum, unit, index) => sum + unit * BigInt(amounts[index] ?? 0), 0n);
  return asLong(match[1] === '-' ? -total : total);
}

const CHECK: Record<ExtensionType, (text: string) => boolean> = {
  decimal: (text) => decimalOf(text) !== undefined,
  ipaddr: isIpaddr,
  datetime: (text) => datetimeOf(text) !== undefined,
  duration: (text) => durationOf(text) !== undefined,
};

export function isExtensionType(name: string): name is ExtensionType {
  return Object.hasOwn(CHECK, name);
}

/** The extension type that a constructor function makes, if it is one. */
export function typeOfConstructor(fn: string): ExtensionType | undefined {
  return (Object.keys(CONSTRUCTOR) as ExtensionType[]).find((type) => CONSTRUCTOR[type] === fn);
}

/** Whether `text` is a value of the extension type. */
export function isExtensionValue(type: ExtensionType, text: string): boolean {
  return CHECK[type](text);
}
