import type { Context } from 'aws-lambda';
import type { AuthorizationContext } from '../middleware/types.ts';

type HandlerContext = Context & AuthorizationContext;

/**
 * The context of an invocation, as Lambda gives it to a handler. Middy's types ask for what its middlewares put there,
 * too: `authorization` is `authorize()`'s to add, or given here for a handler that is tested without it.
 *
 * @param overrides what is to be different: `{ getRemainingTimeInMillis: () => 50 }`
 */
export function lambdaContext(overrides: Partial<HandlerContext> = {}): HandlerContext {
  const context: Context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:test',
    memoryLimitInMB: '128',
    awsRequestId: '8f2c5d1e-0000-4000-8000-000000000001',
    logGroupName: '/aws/lambda/test',
    logStreamName: '2026/01/01/[$LATEST]00000000000000000000000000000001',
    getRemainingTimeInMillis: () => 30_000,
    done: () => {},
    fail: () => {},
    succeed: () => {},
    ...overrides,
  };
  return context as HandlerContext;
}
