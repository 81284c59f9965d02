import { expect } from 'vitest';
import { pdpMatchers } from './matchers.ts';
import type { QuestionPattern } from './question-pattern.ts';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The `FakePdp` was asked a question like this one, at least once. */
    toHaveAsked(pattern: QuestionPattern): R;
    /** The `FakePdp` was asked as many questions like this one; without a pattern: questions at all. */
    toHaveAskedTimes(times: number, pattern?: QuestionPattern): R;
  }
}

expect.extend(pdpMatchers);
