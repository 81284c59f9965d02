import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Assembly, SynthesizedStack } from './assemblies.ts';
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
  return assembly.stacks.flatMap((stack) =>
    [...ofType(stack.template, 'AWS::Lambda::Function')].flatMap(([logicalId, properties]) => {
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
      if (!('PDP_URL' in Variables)) return [];
      const { S3Key } = properties.Code as { S3Key: string };
      const directory = join(assembly.directory, `asset.${S3Key.replace(/\.zip$/, '')}`);
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

export interface RunningFunction {
  invoke(event: unknown): Promise<Outcome>;
  lines: readonly string[];
}

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
    ...env,
    LAMBDA_TASK_ROOT: directory,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_LAMBDA_FUNCTION_NAME: logicalId,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
    AWS_LAMBDA_LOG_GROUP_NAME: logicalId,
    AWS_LAMBDA_LOG_STREAM_NAME: 'test',
  });
  defer(() => running.stop());
  let count = 0;
  return {
    lines: running.lines,
    async invoke(event) {
      count += 1;
      running.write(`${JSON.stringify(event)}\n`);
      const outcomes = () => running.lines.filter((line) => /^\{"(response|error)":/.test(line));
      await running.line(() => outcomes().length >= count);
      return JSON.parse(outcomes()[count - 1] as string) as Outcome;
    },
  };
}
