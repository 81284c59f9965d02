import { both, type Fit } from './fit.ts';
import { placeholder } from './path-pattern.ts';
import { fold } from './target.ts';

/** The values of a header or parameter by its name, each as it was sent; none for one that was not. */
export type Values = (name: string) => readonly string[];

/** A value that a header or parameter must have, or the name that it is captured under. */
interface Condition {
  of: string;
  name?: string;
  literal: string;
}

/** What a rule asks of query parameters or headers. */
export class Conditions {
  readonly names: string[];
  readonly #conditions: Condition[];

  /** @throws InvalidRequestError naming the one that is wrong, below `at` */
  constructor(wanted: Record<string, string> = {}, at: string) {
    this.#conditions = Object.entries(wanted).map(([of, literal]) => {
      const name = placeholder(literal, `${at}.${of}`);
      return { of, literal, ...(name === undefined ? {} : { name }) };
    });
    this.names = this.#conditions.flatMap(({ name }) => name ?? []);
  }

  get empty(): boolean {
    return this.#conditions.length === 0;
  }

  /** More than one value, an empty one, or one in another letter case is `near`: servers differ on which counts. */
  fit(values: Values): Fit {
    return this.#conditions.reduce<Fit>((fit, { of, name, literal }) => {
      if (fit === 'no') return fit;
      const sent = values(of);
      const fits = name === undefined ? sent.some((value) => fold(value) === fold(literal)) : sent.length > 0;
      if (!fits) return 'no';
      const [first] = sent;
      const exact = sent.length === 1 && first !== '' && (name !== undefined || first === literal);
      return both(fit, exact ? 'exact' : 'near');
    }, 'exact');
  }

  capture(values: Values): [string, string][] {
    return this.#conditions.flatMap(({ of, name }) => {
      const [value] = values(of);
      return name === undefined || value === undefined ? [] : [[name, value]];
    });
  }
}

/** The parameters of a query string. `undefined` for one that servers do not split or decode alike. */
export function queryValues(query: string): { exact: Values; near: Values } | undefined {
  if (query.includes(';') || /%(?![0-9A-Fa-f]{2})/.test(query) || !isUtf8(query)) return undefined;
  const exact = new Map<string, string[]>();
  const near = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    add(exact, name, value);
    add(near, foldName(name), value);
  }
  return {
    exact: (name) => exact.get(name) ?? [],
    near: (name) => near.get(foldName(name)) ?? [],
  };
}

function add(values: Map<string, string[]>, name: string, value: string): void {
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else known.push(value);
}

/** `a`, `A`, `a[]` and `a[x]` are one parameter to some servers, and so are `a.b` and `a_b`. */
function foldName(name: string): string {
  return fold(name.trim().replace(/\[.*$/s, '').replace(/[. ]/g, '_'));
}

function isUtf8(query: string): boolean {
  try {
    decodeURIComponent(query);
    return true;
  } catch {
    return false;
  }
}
