/** A token of Cedar text. */
export interface Token {
  text: string;
  /** UTF-16 offset. */
  at: number;
}

// As the official lexer has them: its white space is Unicode's, which has U+0085 and not U+FEFF.
const SKIPPED = /(?:[^\S\ufeff]|\u0085)+|\/\/[^\n\r]*/;
const TOKEN = /([_a-zA-Z]\w*|\d+|\|\||&&|::|[=!<>]=|[\s\S])/;
const NEXT = new RegExp(`${SKIPPED.source}|${TOKEN.source}`, 'y');

/** The tokens of policy or schema text, which need not be right: without comments and white space. */
export function* tokensOf(text: string): Generator<Token> {
  const next = new RegExp(NEXT);
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    const [, token] = match;
    if (token === undefined) continue;
    const at = match.index;
    if (token === '"') next.lastIndex = endOfString(text, at);
    yield { text: token === '"' ? text.slice(at, next.lastIndex) : token, at };
  }
}

/** Past the closing quote; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}
