import { CONSTRUCTORS, IpAddress, inUnits, Scalar, scalar, toDate, toTime } from './extensions.ts';
import { fail } from './failure.ts';
import type { Value } from './values.ts';

/**
 * Cedar's extension functions.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-operators.html
 */
interface ExtensionFunction {
  arity: number;
  call: (args: readonly Value[]) => Value;
}

function scalarOf(type: Scalar['type'], value: Value | undefined): Scalar {
  if (value instanceof Scalar && value.type === type) return value;
  return fail(`type error: expected a ${type}`);
}

function ipOf(value: Value | undefined): IpAddress {
  return value instanceof IpAddress ? value : fail('type error: expected an ipaddr');
}

function decimals(compare: (a: bigint, b: bigint) => boolean): ExtensionFunction {
  return { arity: 2, call: ([a, b]) => compare(scalarOf('decimal', a).value, scalarOf('decimal', b).value) };
}

function ofIp(test: (ip: IpAddress) => boolean): ExtensionFunction {
  return { arity: 1, call: ([ip]) => test(ipOf(ip)) };
}

function ofDuration(unit: bigint): ExtensionFunction {
  return { arity: 1, call: ([duration]) => inUnits(scalarOf('duration', duration), unit) };
}

function constructing(name: string): ExtensionFunction {
  return {
    arity: 1,
    call: ([text]) => {
      if (typeof text !== 'string') return fail('type error: expected a string');
      return CONSTRUCTORS[name]?.(text) ?? fail(`the argument of ${name}() is not of its form`);
    },
  };
}

const FUNCTIONS = new Map<string, ExtensionFunction>([
  ...Object.keys(CONSTRUCTORS).map((name) => [name, constructing(name)] as const),
  ['lessThan', decimals((a, b) => a < b)],
  ['lessThanOrEqual', decimals((a, b) => a <= b)],
  ['greaterThan', decimals((a, b) => a > b)],
  ['greaterThanOrEqual', decimals((a, b) => a >= b)],
  ['isIpv4', ofIp((ip) => ip.version === 4)],
  ['isIpv6', ofIp((ip) => ip.version === 6)],
  ['isLoopback', ofIp((ip) => ip.isLoopback())],
  ['isMulticast', ofIp((ip) => ip.isMulticast())],
  ['isInRange', { arity: 2, call: ([ip, range]) => ipOf(ip).isInRange(ipOf(range)) }],
  [
    'offset',
    {
      arity: 2,
      call: ([at, by]) => scalar('datetime', scalarOf('datetime', at).value + scalarOf('duration', by).value),
    },
  ],
  [
    'durationSince',
    {
      arity: 2,
      call: ([a, b]) => scalar('duration', scalarOf('datetime', a).value - scalarOf('datetime', b).value),
    },
  ],
  ['toDate', { arity: 1, call: ([at]) => toDate(scalarOf('datetime', at)) }],
  ['toTime', { arity: 1, call: ([at]) => toTime(scalarOf('datetime', at)) }],
  ['toMilliseconds', ofDuration(1n)],
  ['toSeconds', ofDuration(1_000n)],
  ['toMinutes', ofDuration(60_000n)],
  ['toHours', ofDuration(3_600_000n)],
  ['toDays', ofDuration(86_400_000n)],
]);

/** The function of that name, if there is one. */
export function extensionFunction(name: string): ExtensionFunction | undefined {
  return FUNCTIONS.get(name);
}

/** Calls a function by name. @throws EvaluationFailure */
export function callMethod(name: string, args: readonly Value[]): Value {
  const found = FUNCTIONS.get(name);
  if (found === undefined || found.arity !== args.length) {
    return fail(`there is no function ${name} of ${args.length} arguments`);
  }
  return found.call(args);
}
