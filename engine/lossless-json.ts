import { endOfString, parseKeys } from './json-keys.ts';

/**
 * JSON with exact integers: Cedar's Long has 64 bits, of which `JSON.parse` keeps 53. An integer beyond
 * ±(2^53 - 1) is a BigInt, every other number a number.
 */

/** An integer that may be beyond 2^53 - 1, where a JSON number can stand: quick to find to be absent. */
const LONG_INTEGER = /(?:^|[[:,\s])-?\d{16}/;

/** The beginning of a string, or all that stands together as a number would, be it one or not. */
const QUOTE_OR_NUMBER = /"|[-+.\d][-+.\deE]*/g;

/** A JSON integer. None of 64 bits is as long as that; to convert a longer one takes the square of its length. */
const INTEGER = /^-?(?:0|[1-9]\d{0,99})$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * As {@link parseKeys}, but exact: an integer beyond ±(2^53 - 1) becomes a BigInt. One written with a fraction or an
 * exponent stays the number that `JSON.parse` makes of it, and so does one of more than 100 digits; neither is a
 * safe integer then. `__proto__` is a key like any other. Nesting costs no stack.
 *
 * @throws SyntaxError for text that is not JSON
 */
export function parseJson(text: string): unknown {
  return LONG_INTEGER.test(text) ? parseExactly(text) : parseKeys(text);
}

/**
 * Parses with a stand-in for each number beyond 2^53 - 1. The stand-ins are beyond it too, and nothing else in the
 * text then is, so they are known by their size. (A reviver would take ten times as long, and the stack.)
 */
function parseExactly(text: string): unknown {
  const originals: (bigint | number)[] = [];
  const standIn = (original: bigint | number) => {
    originals.push(original);
    // Even, and so exact.
    return String(2 ** 53 + 2 * originals.length);
  };
  const replaced = replaceNumbers(text, (token) => {
    if (Math.abs(Number(token)) <= Number.MAX_SAFE_INTEGER) return token;
    if (INTEGER.test(token)) return standIn(BigInt(token));
    return NUMBER.test(token) ? standIn(Number(token)) : token;
  });
  let root: unknown;
  try {
    root = parseKeys(replaced);
  } catch {
    // It says where the text is wrong: the text as it was given.
    return JSON.parse(text);
  }
  const original = (value: number) => originals[(value - 2 ** 53) / 2 - 1];
  const holder = { root };
  const pending: object[] = [holder];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const record = node as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const value = record[key];
      if (typeof value === 'object' && value !== null) pending.push(value);
      else if (typeof value === 'number' && value > Number.MAX_SAFE_INTEGER) record[key] = original(value);
    }
  }
  return holder.root;
}

/** The text with each number outside of its strings replaced. */
function replaceNumbers(text: string, replace: (token: string) => string): string {
  let replaced = '';
  let done = 0;
  const tokens = new RegExp(QUOTE_OR_NUMBER);
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const [token] = match;
    if (token === '"') {
      tokens.lastIndex = endOfString(text, match.index) + 1;
      continue;
    }
    const replacement = replace(token);
    if (replacement === token) continue;
    replaced += text.slice(done, match.index) + replacement;
    done = tokens.lastIndex;
  }
  return replaced + text.slice(done);
}

/**
 * As `JSON.stringify`, with a BigInt as its digits.
 *
 * @param indent spaces by which each level is set in @default all on one line
 * @throws TypeError for what JSON has no form for: a function, `undefined`, a circle
 */
export function stringifyJson(value: unknown, indent?: number): string {
  const text =
    attempt(() => JSON.stringify(value, undefined, indent)) ?? JSON.stringify(value, withDigits, indent);
  if (text === undefined) throw new TypeError(`a ${typeof value} has no form in JSON`);
  return text;
}

/** Without a replacer it is faster; that a BigInt is there, or what no JSON can hold, is told by its failing. */
function attempt(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function withDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJson(value) : value;
}

/** What `JSON.stringify` writes as the digits of an integer, for code that calls it by itself. */
export function rawJson(integer: bigint): object {
  return (JSON as unknown as { rawJSON(text: string): object }).rawJSON(String(integer));
}
