import type { AccessRequest } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { FakePdp } from './fake-pdp.ts';
import { parsePattern, type QuestionPattern } from './question-pattern.ts';

/** What `expect.extend` of Vitest and Jest takes from a matcher. */
interface MatcherResult {
  pass: boolean;
  message: () => string;
}

/**
 * Matchers for `expect(pdp)`, where `pdp` is a `FakePdp`. With Vitest import `serverless-pdp/testing/vitest`, which
 * registers them and has their types; elsewhere: `expect.extend(pdpMatchers)`.
 */
export const pdpMatchers = {
  /** It was asked a question like this one, at least once. */
  toHaveAsked(received: unknown, pattern: QuestionPattern): MatcherResult {
    const { asked, like } = count('toHaveAsked', received, pattern);
    return {
      pass: like > 0,
      message: () =>
        like > 0
          ? `expected the PDP not to be asked ${show(pattern)}${list(asked)}`
          : `expected the PDP to be asked ${show(pattern)}${list(asked)}`,
    };
  },

  /** It was asked as many questions like this one; without a pattern: questions at all. */
  toHaveAskedTimes(received: unknown, times: number, pattern: QuestionPattern = {}): MatcherResult {
    const { asked, like } = count('toHaveAskedTimes', received, pattern);
    return {
      pass: like === times,
      message: () =>
        `expected the PDP to be asked ${show(pattern)} ${times} times, not ${like}${list(asked)}`,
    };
  },
};

function count(
  matcher: string,
  received: unknown,
  pattern: QuestionPattern,
): { asked: readonly AccessRequest[]; like: number } {
  if (!(received instanceof FakePdp))
    throw new ConfigurationError(`${matcher}: expect() must be given a FakePdp`);
  const { asked } = received;
  return { asked, like: asked.filter(parsePattern(matcher, pattern)).length };
}

function list(asked: readonly AccessRequest[]): string {
  if (asked.length === 0) return '; it was asked nothing';
  return `; it was asked:\n${asked.map((request) => `  ${show(request)}`).join('\n')}`;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}
