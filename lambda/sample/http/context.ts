/** The time-out that a function has here, in milliseconds: what `getRemainingTimeInMillis` counts down from. */
const FUNCTION_TIMEOUT_MS = 10_000;

/** What Lambda's Node runtime gives a handler beside the event. */
export function lambdaContext(functionName: string, requestId: string) {
  const end = performance.now() + FUNCTION_TIMEOUT_MS;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '256',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())),
  };
}
