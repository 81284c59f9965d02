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

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

function fitsLong(value: bigint): boolean {
  return value >= LONG_MIN && value <= LONG_MAX;
}

function isDecimal(text: string): boolean {
  const match = /^(-?)(\d+)\.(\d{1,4})$/.exec(text);
  if (match === null || text.length > 32) return false;
  const [, sign = '', whole = '', fraction = ''] = match;
  return fitsLong(BigInt(`${sign}${whole}${fraction.padEnd(4, '0')}`));
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

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.\d{3})?(?:Z|[+-](\d{2})(\d{2})))?$/;

function isDatetime(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] =
    match.slice(1).map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const realDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return realDay && hour <= 23 && minute <= 59 && second <= 59 && offsetHour <= 23 && offsetMinute <= 59;
}

const UNIT_MILLISECONDS = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n];

function isDuration(text: string): boolean {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text.length > 128) return false;
  const amounts = match.slice(2);
  if (amounts.every((amount) => amount === undefined)) return false;
  const total = UNIT_MILLISECONDS.reduce((sum, unit, index) => sum + unit * BigInt(amounts[index] ?? 0), 0n);
  return fitsLong(match[1] === '-' ? -total : total);
}

const CHECK: Record<ExtensionType, (text: string) => boolean> = {
  decimal: isDecimal,
  ipaddr: isIpaddr,
  datetime: isDatetime,
  duration: isDuration,
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
