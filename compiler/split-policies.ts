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
}

// Comments and strings, in which brackets and semicolons mean nothing, and the tokens that do.
const TOKEN = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*(?:"|$)|[()[\]{};]|\s+|[^\s"()[\]{};/]+|\//g;

export function splitPolicies(text: string): Statement[] {
  const statements: Statement[] = [];
  let start = -1;
  let depth = 0;
  let deepest = { depth: 0, at: 0 };
  const finish = (end: number) => {
    if (start < 0) return;
    statements.push({
      text: text.slice(start, end),
      offset: start,
      depth: deepest.depth,
      deepestAt: deepest.at,
    });
    start = -1;
    depth = 0;
    deepest = { depth: 0, at: 0 };
  };
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    if (token.startsWith('//') || /^\s/.test(token)) continue;
    if (start < 0) start = match.index;
    if ('([{'.includes(token)) {
      depth += 1;
      if (depth > deepest.depth) deepest = { depth, at: match.index };
    } else if (')]}'.includes(token)) {
      depth -= 1;
    } else if (token === ';') {
      finish(match.index + 1);
    }
  }
  finish(text.trimEnd().length);
  return statements;
}
