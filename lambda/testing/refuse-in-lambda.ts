import { ConfigurationError } from '../../engine/errors.ts';

/** Set by the runners that tests are run with: Vitest, Jest, Node's own. */
const TEST_RUNNERS = ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT'];

/**
 * Keeps what decides without policies out of functions that run. Lambda sets AWS_LAMBDA_RUNTIME_API for every function
 * (so do its emulators), and no test has a reason to: with it nothing helps. AWS_LAMBDA_FUNCTION_NAME alone is
 * often set by tests, and lets pass only under a test runner.
 *
 * @throws ConfigurationError in Lambda
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export function refuseInLambda(name: string, env: NodeJS.ProcessEnv = process.env): void {
  const isTest = TEST_RUNNERS.some((variable) => env[variable]);
  if (!env.AWS_LAMBDA_RUNTIME_API && (isTest || !env.AWS_LAMBDA_FUNCTION_NAME)) return;
  throw new ConfigurationError(
    `${name} decides without policies and is not for Lambda: use pdpFromEnvironment() there, or an embedded PDP`,
  );
}
