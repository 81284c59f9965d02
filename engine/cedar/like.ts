/** A pattern of `like`: literals, between which anything may stand. */
export type PatternElement = 'Wildcard' | { Literal: string };

/**
 * A matcher for a pattern, without backtracking over more than the last wildcard: linear in text and pattern for
 * all that occurs, and never exponential.
 */
export function compilePattern(elements: readonly PatternElement[]): (text: string) => boolean {
  // '' stands for a wildcard; literals that touch are one.
  const parts: string[] = [];
  for (const element of elements) {
    if (element === 'Wildcard') {
      if (parts.at(-1) !== '') parts.push('');
    } else if (element.Literal !== '') {
      const last = parts.at(-1);
      if (last === undefined || last === '') parts.push(element.Literal);
      else parts[parts.length - 1] = last + element.Literal;
    }
  }
  const [only] = parts;
  if (only === undefined) return (text) => text === '';
  if (parts.length === 1) return only === '' ? () => true : (text) => text === only;

  const head = only === '' ? '' : only;
  const tail = parts.at(-1) as string;
  const middle = parts.slice(head === '' ? 0 : 1, tail === '' ? undefined : -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail))
      return false;
    const end = text.length - tail.length;
    let from = head.length;
    for (const part of middle) {
      const at = text.indexOf(part, from);
      if (at < 0 || at + part.length > end) return false;
      from = at + part.length;
    }
    return true;
  };
}
