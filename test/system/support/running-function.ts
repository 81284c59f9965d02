import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Assembly, SynthesizedStack } from './assemblies.ts';
import type { Order } from './function-process.ts';
import { lambdaRuntime } from './lambda-runtime.ts';
import { start } from './processes.ts';
import type { Outcome } from './runtime-api.ts';
import { ofType } from './template.ts';
import type { Host } from './vpc.ts';

const functionProcess = fileURLToPath(new URL('function-process.ts', import.meta.url));

/** A function of the assembly. */
export interface DeployedFunction {
  stack: SynthesizedStack;
  logicalId: string;
  properties: Record<string, unknown>;
  /** Where its code is, unpacked. */
  directory: string;
  /** Its environment; what refers to a resource has no value here. */
  variables: Record<string, string | undefined>;
}

/** The functions that ask a PDP over the network. */
export function callersOf(assembly: Assembly): DeployedFunction[] {
  return functionsWith('PDP_URL', assembly);
}

/** The functions that have an environment variable. */
export function functionsWith(variable: string, assembly: Assembly): DeployedFunction[] {
  return assembly.stacks.flatMap((stack) =>
    [...ofType(stack.template, 'AWS::Lambda::Function')].flatMap(([logicalId, properties]) => {
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
      if (!(variable in Variables)) return [];
      const directory = assetDirectory(assembly, properties.Code as { S3Key: string });
      const variables = Object.fromEntries(
        Object.entries(Variables).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : undefined,
        ]),
      );
      return [{ stack, logicalId, properties, directory, variables }];
    }),
  );
}

/** Where the code of a function or the content of a layer is, unpacked. */
export function assetDirectory({ directory }: Assembly, { S3Key }: { S3Key: string }): string {
  return join(directory, `asset.${S3Key.replace(/\.zip$/, '')}`);
}

export interface RunningFunction {
  invoke(event: unknown): Promise<Outcome>;
  /** Resolves when the function has started. @throws Error when it could not */
  initialized(): Promise<void>;
  /** Stops its process as Lambda does: when it waits for an event, and until there is one. */
  freeze(): Promise<void>;
  /** What the function has logged. */
  log(): string[];
}

/** A line that tells how an order ended. */
const ENDED = /^\{"(response|error|done)":/;

/**
 * Runs a function under Lambda's own runtime client, in the network of a host.
 *
 * @param given values of the variables that refer to a resource, and variables of the sandbox
 * @throws Error on a variable that has no value
 */
export async function startFunction(
  { directory, properties, variables, logicalId }: DeployedFunction,
  host: Host,
  given: Record<string, string>,
  defer: (undo: () => unknown) => void,
): Promise<RunningFunction> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...variables, ...given })) {
    if (value === undefined) throw new Error(`${logicalId}: ${name} is a reference; give it a value`);
    env[name] = value;
  }
  const handler = String(properties.Handler);
  const client = await lambdaRuntime();
  const inside = ['netns', 'exec', host.namespace, process.execPath, functionProcess, client, handler];
  const running = start('ip', inside, {
    LAMBDA_TASK_ROOT: directory,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_LAMBDA_FUNCTION_NAME: logicalId,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
    AWS_LAMBDA_LOG_GROUP_NAME: logicalId,
    AWS_LAMBDA_LOG_STREAM_NAME: 'test',
    ...env,
  });
  defer(() => running.stop());
  let count = 0;
  const order = async (given: Order): Promise<Outcome> => {
    count += 1;
    const index = count - 1;
    running.write(`${JSON.stringify(given)}\n`);
    const outcomes = () => running.lines.filter((line) => ENDED.test(line));
    await running.line(() => outcomes().length > index);
    return JSON.parse(outcomes()[index] as string) as Outcome;
  };
  const obeyed = async (given: Order): Promise<void> => {
    const outcome = await order(given);
    if ('error' in outcome) throw new Error(`${logicalId}: ${given.order}: ${outcome.error}`);
  };
  return {
    invoke: (event) => order({ order: 'invoke', event }),
    initialized: () => obeyed({ order: 'wait' }),
    freeze: () => obeyed({ order: 'freeze' }),
    log: () => running.lines.filter((line) => !ENDED.test(line)),
  };
}
