import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GateError } from '../../../lambda/gate/gate-error.ts';
import { CONTEXT, expectationsOf, type Gated, gated, pdp, resourceEvent } from './gated.ts';

const require = createRequire(import.meta.url);
const folder = join(
  dirname(require.resolve('aws-cdk-lib/package.json')),
  'custom-resources/lib/provider-framework/runtime',
);

/** What CloudFormation takes as an answer, in bytes. */
const LONGEST_ANSWER = 4_096;

const STACK = 'arn:aws:cloudformation:eu-west-1:123456789012:stack';
const FUNCTION =
  'arn:aws:lambda:eu-west-1:123456789012:function:Application-GateFunction115324B9-AbCdEfGhIjKl';

interface CfnAnswer {
  Status: 'SUCCESS' | 'FAILED';
  Reason: string;
  PhysicalResourceId: string;
}

/**
 * What CDK's own provider framework answers CloudFormation with the gate behind it. Its two ways out are stubs: one
 * calls the handler as Lambda does, the other keeps what would be sent.
 */
async function answerOf(
  gate: Pick<Gated, 'invoke'>,
  event: object,
): Promise<{ answer: CfnAnswer; bytes: number }> {
  let body = '';
  const outbound = join(folder, 'outbound.js');
  const exports = {
    invokeFunction: async ({ Payload }: { Payload: string }) => {
      try {
        return { Payload: JSON.stringify((await gate.invoke(JSON.parse(Payload), CONTEXT)) ?? null) };
      } catch (error) {
        const { name, message, stack = '' } = error as Error;
        const errorMessage = { errorType: name, errorMessage: message, trace: stack.split('\n') };
        return { FunctionError: 'Unhandled', Payload: JSON.stringify(errorMessage) };
      }
    },
    httpRequest: async (_options: object, sent: string) => {
      body = sent;
    },
  };
  require.cache[outbound] = { exports, loaded: true, id: outbound } as unknown as NodeJS.Module;
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.stubEnv('USER_ON_EVENT_FUNCTION_ARN', FUNCTION);
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    for (const file of [outbound, join(folder, 'framework.js'), join(folder, 'cfn-response.js')]) {
      delete require.cache[file];
    }
  });
  const framework = require(join(folder, 'framework.js')) as Record<string, (event: object) => Promise<void>>;
  await framework.onEvent?.({
    ResponseURL: 'https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x?signature',
    StackId: `${STACK}/${'a-long-name-of-a-stack'.repeat(5)}/6c1e0ca0-0e0c-11f1-8d6e-0a1b2c3d4e5f`,
    RequestId: '5d478078-13e9-baf0-464a-7ef285ecc786',
    LogicalResourceId: 'GateCheck7D2DABDD',
    PhysicalResourceId: '5d478078-13e9-baf0-464a-7ef285ecc786',
    ...event,
  });
  return { answer: JSON.parse(body), bytes: Buffer.byteLength(body) };
}

describe('CloudFormation', () => {
  it('is told of success, and of one resource for the life of the gate', async () => {
    const gate = await gated({ a1: await pdp() });
    const { answer } = await answerOf(gate, await resourceEvent('Update'));
    expect(answer).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: '5d478078-13e9-baf0-464a-7ef285ecc786',
    });
  });

  it('is told why it failed, where the log is, and nothing of the code', async () => {
    const gate = await gated({ a1: undefined });
    const { revision, tests } = await expectationsOf();
    const { answer } = await answerOf(gate, await resourceEvent('Update'));
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason.split('\n')).toEqual([
      `not every task runs revision ${revision} and gives its ${tests.length} tested decisions:`,
      'task a1 (127.0.0.1) is still starting',
      '',
      'Logs: /aws/lambda/Application-GateFunction115324B9-AbCdEfGhIjKl',
      '',
    ]);
  });

  it('is told no more than it takes, however much is wrong', async () => {
    const { revision, tests } = await expectationsOf();
    const [first] = tests;
    if (first === undefined) throw new Error('the sample has no tests');
    const named = Array.from({ length: 20 }, (_, index) => ({
      ...first,
      name: `${index} "${'ü'.repeat(20)}"`,
      decision: !first.decision,
    }));
    const places = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 12 }, async (_, index) => [`${index}`.padStart(32, 'a'), await pdp()]),
      ),
    );
    const gate = await gated(places, { parts: { expected: () => ({ revision, tests: named }) } });
    const { answer, bytes } = await answerOf(gate, await resourceEvent('Update'));
    expect(answer.Reason).toContain('fails 20 decision tests: "0 \\"ü');
    expect(answer.Reason).toMatch(/\nand \d+ more\n/);
    expect(bytes).toBeLessThanOrEqual(LONGEST_ANSWER);
    expect(bytes).toBeGreaterThan(2_000);
  });

  it('has the gate removed without a question', async () => {
    const invoke = async () => {
      throw new GateError('asked');
    };
    const created = { PhysicalResourceId: 'AWSCDK::CustomResourceProviderFramework::CREATE_FAILED' };
    const { answer } = await answerOf({ invoke }, { ...(await resourceEvent('Delete')), ...created });
    expect(answer.Status).toBe('SUCCESS');
  });
});
