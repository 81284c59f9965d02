import { expect, test, vi } from 'vitest';
import { FakePdp, NoopPdp } from '../../../lambda/testing/index.ts';

const QUESTION = {
  subject: { type: 'User', id: 'alice' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'roadmap' },
};

test('a NoopPdp denies, unless it is told to permit', async () => {
  expect(await new NoopPdp().evaluate(QUESTION)).toEqual({ decision: false });
  expect(await new NoopPdp().evaluateAll([QUESTION, QUESTION])).toEqual([
    { decision: false },
    { decision: false },
  ]);
  expect(await NoopPdp.permitting().evaluate(QUESTION)).toEqual({ decision: true });
  expect(await NoopPdp.permitting().evaluateAll([QUESTION])).toEqual([{ decision: true }]);
});

const NO_TEST = { VITEST: '', JEST_WORKER_ID: '', NODE_TEST_CONTEXT: '' };
const NAMED = { AWS_LAMBDA_FUNCTION_NAME: 'view-note' };
const RUNNING = { ...NAMED, AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' };

test.each([
  ['on a laptop', NO_TEST, false],
  ['in a test of a function', NAMED, false],
  ['in a test of Jest', { ...NO_TEST, ...NAMED, JEST_WORKER_ID: '1' }, false],
  ['in a test of Node', { ...NO_TEST, ...NAMED, NODE_TEST_CONTEXT: 'child-v8' }, false],
  ['in Lambda', { ...NO_TEST, ...RUNNING }, true],
  ['in Lambda, where a name is all that is seen of it', { ...NO_TEST, ...NAMED }, true],
  ['in Lambda that pretends to be a test', RUNNING, true],
])('neither of them can be made %s: %s', (_where, env, refused) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    for (const [name, make] of [
      ['NoopPdp', () => new NoopPdp()],
      ['NoopPdp', () => NoopPdp.permitting()],
      ['FakePdp', () => new FakePdp()],
    ] as const) {
      if (!refused) expect(make).not.toThrow();
      else
        expect(make).toThrow(
          expect.objectContaining({
            name: 'ConfigurationError',
            message: expect.stringContaining(`${name} decides without policies and is not for Lambda`),
          }),
        );
    }
  } finally {
    vi.unstubAllEnvs();
  }
});
