import { ParserLoad } from './parser-load.ts';
import { tokensOf } from './policy-tokens.ts';

/**
 * Cuts policy text into its statements without understanding them, so that each is parsed by itself: one wrong
 * policy hides no other, and nesting that would kill the official parser is found before it gets the text.
 */
export interface Statement {
  /** From the first annotation or keyword to the `;`. */
  text: string;
  /** UTF-16 offset in the file. */
  offset: number;
  /** Deepest nesting of brackets, and where it is, as a UTF-16 offset in the file. */
  depth: number;
  deepestAt: number;
  /** The share of the official parser's stack that it takes: see {@link ParserLoad}. */
  load: number;
}

/** @param brackets those that nest, each opening one before its closing one */
export function splitPolicies(text: string, brackets = '()[]{}'): Statement[] {
  const statements: Statement[] = [];
  let current: Scan | undefined;
  for (const token of tokensOf(text)) {
    current ??= new Scan(token.at, brackets);
    current.token(token.text, token.at);
    if (token.text !== ';') continue;
    statements.push(current.statement(text, token.at + 1));
    current = undefined;
  }
  if (current !== undefined) statements.push(current.statement(text, text.trimEnd().length));
  return statements;
}

class Scan {
  readonly #start: number;
  readonly #brackets: string;
  readonly #load = new ParserLoad();
  #depth = 0;
  #deepest = { depth: 0, at: 0 };

  constructor(start: number, brackets: string) {
    this.#start = start;
    this.#brackets = brackets;
  }

  token(text: string, at: number): void {
    this.#load.token(text);
    const bracket = text.length === 1 ? this.#brackets.indexOf(text) : -1;
    if (bracket < 0) return;
    this.#depth += bracket % 2 === 0 ? 1 : -1;
    if (this.#depth > this.#deepest.depth) this.#deepest = { depth: this.#depth, at };
  }

  statement(text: string, end: number): Statement {
    return {
      text: text.slice(this.#start, end),
      offset: this.#start,
      depth: this.#deepest.depth,
      deepestAt: this.#deepest.at,
      load: this.#load.total(),
    };
  }
}
