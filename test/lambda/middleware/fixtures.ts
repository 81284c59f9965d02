import type { Context } from 'aws-lambda';
import type {
  AccessRequest,
  Decision,
  EvaluateOptions,
  PolicyDecisionPoint,
} from '../../../engine/contract.ts';
import type { AuthorizationContext } from '../../../lambda/middleware/index.ts';

export interface Asked {
  request: AccessRequest;
  options: EvaluateOptions | undefined;
}

/** A PDP that answers as told and remembers what it was asked. */
export function pdpThat(
  answer: (request: AccessRequest) => unknown,
): PolicyDecisionPoint & { asked: Asked[]; batches: AccessRequest[][] } {
  const asked: Asked[] = [];
  const batches: AccessRequest[][] = [];
  return {
    asked,
    batches,
    evaluate: (request, options) => {
      asked.push({ request, options });
      return answer(request) as Promise<Decision>;
    },
    evaluateAll: (requests) => {
      batches.push(requests);
      return Promise.all(requests.map(async (request) => (await answer(request)) as Decision));
    },
  };
}

export const permitting = () => pdpThat(async () => ({ decision: true, context: { policies: ['p1'] } }));

/** What Lambda gives; middy's types want to see what the middlewares add to it, too. */
export function lambdaContext(overrides: Partial<Context> = {}): Context & AuthorizationContext {
  const context: Context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '1',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:test',
    memoryLimitInMB: '128',
    awsRequestId: 'request-1',
    logGroupName: 'group',
    logStreamName: 'stream',
    getRemainingTimeInMillis: () => 30_000,
    done: () => {},
    fail: () => {},
    succeed: () => {},
    ...overrides,
  };
  return context as Context & AuthorizationContext;
}

export const NEVER: Promise<never> = new Promise(() => {});
