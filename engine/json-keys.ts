/** The end of an escape in a string that a colon follows. What it finds may be no key; without it there is none. */
const ESCAPE_IN_KEY = /\\[\s\S][^"\\]*"\s*:/;

const COLON = /\s*:/y;

/**
 * As `JSON.parse`, but with the keys of the text. V8 may read a key that is written with an escape as another key,
 * of texts that it read before: after `{"a":1,"\\":2}` it gives `{"a":1,"\n":2}` the key `\`. So whoever sends the
 * first would change what the second means, whoever sends that.
 *
 * @see https://github.com/nodejs/node/issues/63785
 * @throws SyntaxError for text that is not JSON
 */
export function parseKeys(text: string): unknown {
  return ESCAPE_IN_KEY.test(text) ? parseWithStandIns(text) : JSON.parse(text);
}

/** Parses with a stand-in for each key, written without escapes. */
function parseWithStandIns(text: string): unknown {
  const names: string[] = [];
  const standIns = new Map<string, string>();
  try {
    const replaced = replaceKeys(text, (key) => {
      const name: string = JSON.parse(key);
      // One for all ways to write a key, so that the last of them counts.
      const known = standIns.get(name);
      if (known !== undefined) return known;
      const standIn = `"k${names.push(name) - 1}"`;
      standIns.set(name, standIn);
      return standIn;
    });
    return named(JSON.parse(replaced), names);
  } catch {
    // It says where the text is wrong: the text as it was given.
    return JSON.parse(text);
  }
}

function replaceKeys(text: string, replace: (key: string) => string): string {
  let replaced = '';
  let done = 0;
  const colon = new RegExp(COLON);
  let end = -1;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', end + 1)) {
    end = endOfString(text, at);
    colon.lastIndex = end + 1;
    if (!colon.test(text)) continue;
    replaced += text.slice(done, at) + replace(text.slice(at, end + 1));
    done = end + 1;
  }
  return replaced + text.slice(done);
}

/** A copy with the names that the stand-ins are for. Nesting costs no stack. */
function named(root: unknown, names: readonly string[]): unknown {
  const pending: { from: Record<string, unknown>; to: Record<string, unknown> }[] = [];
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const to: object = Array.isArray(value) ? [] : {};
    pending.push({ from: value as Record<string, unknown>, to: to as Record<string, unknown> });
    return to;
  };
  const copied = copy(root);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { from, to } = next;
    const isList = Array.isArray(from);
    for (const key of Object.keys(from)) {
      const name = isList ? key : (names[Number(key.slice(1))] as string);
      const value = copy(from[key]);
      if (name === '__proto__') own(to, name, value);
      else to[name] = value;
    }
  }
  return copied;
}

function own(record: object, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The closing quote of the string that begins there; the end of the text where there is none. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text[at];
    if (unit === '"') return at;
    if (unit === '\\') at += 1;
  }
  return text.length;
}
