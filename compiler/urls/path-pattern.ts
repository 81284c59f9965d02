import { RE2JS, RE2JSException } from 're2js';
import { InvalidRequestError, type UrlRule } from '../../engine/index.ts';
import type { Fit } from './fit.ts';
import { decodeSegment, fold } from './target.ts';

/** Longest expression, in characters. */
export const MAX_EXPRESSION_LENGTH = 1_000;

/** The path of a rule, ready to be held against the segments of a request's. */
export interface PathPattern {
  /** Names of what it captures. */
  readonly names: readonly string[];
  /** Most steps for each character of a path; 0 for a template. */
  readonly steps: number;
  fit(segments: readonly string[]): Fit;
  /** What the names stand for, in a path that fits exactly. A part of an expression that took no part is left out. */
  capture(segments: readonly string[]): Map<string, string>;
}

/** Would take away what makes the second look at a path blind to letter case. */
const CASE_SENSITIVE = /\(\?[A-Za-z]*-[A-Za-z]*i/;
const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** @throws InvalidRequestError saying what is wrong with it */
export function pathPattern(path: UrlRule['path']): PathPattern {
  return 'regex' in path ? new Expression(path.regex) : new Template(path.template);
}

/** The name in `{name}`, if that is what a text is. @throws InvalidRequestError when it is not a name */
export function placeholder(text: string, at: string): string | undefined {
  if (!/^\{[^{}]*\}$/.test(text)) return undefined;
  const name = text.slice(1, -1);
  if (NAME.test(name)) return name;
  throw new InvalidRequestError(
    at,
    `${text} is not a placeholder: a name has letters, digits and _, and begins with a letter`,
  );
}

type Segment = { literal: string; folded: string } | { name: string };

class Template implements PathPattern {
  readonly names: string[];
  readonly steps = 0;
  readonly #segments: Segment[];

  constructor(template: string) {
    if (!template.startsWith('/')) throw new InvalidRequestError('path', 'must begin with /');
    const raw = template.slice(1).split('/');
    if (raw.slice(0, -1).includes('')) throw new InvalidRequestError('path', 'has an empty segment (//)');
    this.#segments = raw.map(parseSegment);
    this.names = this.#segments.flatMap((segment) => ('name' in segment ? [segment.name] : []));
  }

  fit(segments: readonly string[]): Fit {
    if (
      segments.length === this.#segments.length &&
      this.#segments.every((segment, index) =>
        'name' in segment ? segments[index] !== '' : segment.literal === segments[index],
      )
    ) {
      return 'exact';
    }
    const own = withoutSlash(this.#segments, (segment) => 'literal' in segment && segment.literal === '');
    const sent = withoutSlash(segments, (segment) => segment === '');
    const near =
      own.length === sent.length &&
      own.every((segment, index) => 'name' in segment || segment.folded === fold(sent[index] as string));
    return near ? 'near' : 'no';
  }

  capture(segments: readonly string[]): Map<string, string> {
    const captured = new Map<string, string>();
    for (const [index, segment] of this.#segments.entries()) {
      if ('name' in segment) captured.set(segment.name, segments[index] as string);
    }
    return captured;
  }
}

function parseSegment(raw: string): Segment {
  const name = placeholder(raw, 'path');
  if (name !== undefined) return { name };
  if (/[{}]/.test(raw)) {
    throw new InvalidRequestError(
      'path',
      `a placeholder is a whole segment, as in /notes/{id}; for part of one, as in "${raw}", use regex`,
    );
  }
  try {
    const literal = decodeSegment(raw.replace(/[^\0-\x7f]+/gu, encodeURIComponent));
    return { literal, folded: fold(literal) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    throw new InvalidRequestError(
      'path',
      `no request gets as far as segment "${raw}": ${error.message.replace('url: ', 'one that ')} is denied`,
    );
  }
}

function withoutSlash<T>(segments: readonly T[], isEmpty: (segment: T) => boolean): readonly T[] {
  const last = segments.at(-1);
  return segments.length > 1 && last !== undefined && isEmpty(last) ? segments.slice(0, -1) : segments;
}

/**
 * A regular expression for a whole decoded path. RE2 knows no back-tracking: the steps for a path are at most its
 * length times the size of the expression's program.
 */
class Expression implements PathPattern {
  readonly names: string[];
  readonly steps: number;
  readonly #exact: RE2JS;
  readonly #near: RE2JS;

  constructor(text: string) {
    if (text.length > MAX_EXPRESSION_LENGTH) {
      throw new InvalidRequestError('regex', `is longer than ${MAX_EXPRESSION_LENGTH} characters`);
    }
    if (CASE_SENSITIVE.test(text)) {
      throw new InvalidRequestError(
        'regex',
        'has (?-i): letter case never chooses between rules, so it cannot be asked for',
      );
    }
    this.#exact = compile(text);
    this.#near = compile(text, RE2JS.CASE_INSENSITIVE);
    this.steps = Math.max(this.#exact.programSize(), this.#near.programSize());
    this.names = Object.keys(this.#exact.namedGroups());
    const wrong = this.names.find((name) => !NAME.test(name));
    if (wrong !== undefined) {
      throw new InvalidRequestError(
        'regex',
        `"${wrong}" is not a name: it has letters, digits and _, and begins with a letter`,
      );
    }
  }

  fit(segments: readonly string[]): Fit {
    const path = `/${segments.join('/')}`;
    if (matches(this.#exact, path)) return 'exact';
    const bare = path.normalize('NFKC').replace(/(?<=.)\/$/, '');
    return matches(this.#near, bare) || matches(this.#near, `${bare}/`) ? 'near' : 'no';
  }

  capture(segments: readonly string[]): Map<string, string> {
    const matcher = this.#exact.matcher(`/${segments.join('/')}`);
    const captured = new Map<string, string>();
    if (!matcher.matches()) return captured;
    for (const name of this.names) {
      const value = matcher.group(name);
      if (typeof value === 'string') captured.set(name, value);
    }
    return captured;
  }
}

function compile(text: string, flags = 0): RE2JS {
  try {
    return RE2JS.compile(text, flags);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, '');
    throw new InvalidRequestError(
      'regex',
      `is not an RE2 expression: ${reason} (there are no look-arounds and back-references)`,
    );
  }
}

/**
 * Whether an expression matches a whole text. Not `RE2JS.matches`: that one keeps every state it has been in, up to
 * 8 MB for each expression, and a client chooses the states.
 */
function matches(expression: RE2JS, text: string): boolean {
  return expression.matcher(text).matches();
}
