import { setTimeout as delay } from 'node:timers/promises';
import { ECS } from '@aws-sdk/client-ecs';
import type { ExpectedDecisions } from '../../engine/expected-decisions.ts';
import { once } from '../lazy.ts';
import { readApiKeySecret } from '../middleware/secret.ts';
import { checkTask } from './check-task.ts';
import { type GateEvent, parseEvent } from './events.ts';
import { type Clock, passGate } from './gate.ts';
import { GateError } from './gate-error.ts';
import { type GateEnvironment, parseEnvironment, readExpected } from './settings.ts';
import { type GatedTask, tasksOfPrimary, tasksOfRevision } from './tasks.ts';

/** Milliseconds before its time-out at which the function ends by itself, with a reason. Asking a task takes ten. */
const RESERVE_MS = 25_000;

/** What an ECS lifecycle hook answers. */
export interface HookAnswer {
  hookStatus: 'SUCCEEDED' | 'FAILED';
}

/** What the gate works with, which tests replace. */
export interface GateParts {
  env: GateEnvironment;
  ecs: ECS;
  /** The revision and the tests that are packed with the function. */
  expected(): ExpectedDecisions;
  readKey(secret: string): Promise<string>;
  clock(context: { getRemainingTimeInMillis(): number }): Clock;
  /** The port of a task. @default - that of the PDP's URL */
  portOf?(task: GatedTask): number;
  log(level: 'info' | 'error', message: string): void;
}

type Handler = (
  event: unknown,
  context: { getRemainingTimeInMillis(): number },
) => Promise<HookAnswer | undefined>;

/**
 * The gate of a deployment. As a custom resource it throws what is wrong, which fails the resource and so rolls the
 * stack back; as a lifecycle hook it answers `FAILED`, which rolls the deployment back, and logs what is wrong.
 */
export function createHandler(parts: GateParts): Handler {
  return async (received, context) => {
    let event: GateEvent | undefined;
    try {
      event = parseEvent(received);
      if (event.kind === 'deletion') return undefined;
      const count = await run(parts, event, parts.clock(context));
      parts.log('info', `${count} tasks of ${event.service} have passed`);
      return event.kind === 'hook' ? { hookStatus: 'SUCCEEDED' } : undefined;
    } catch (error) {
      const told = asGateError(error);
      parts.log('error', told.message);
      if (event?.kind === 'hook') return { hookStatus: 'FAILED' };
      throw told;
    }
  };
}

async function run(
  { env, ecs, expected: readExpected, readKey, portOf }: GateParts,
  event: Exclude<GateEvent, { kind: 'deletion' }>,
  clock: Clock,
): Promise<number> {
  const expected = readExpected();
  if (event.kind === 'rolling' && event.revision !== expected.revision) {
    throw new GateError(
      `the function is packed for revision ${expected.revision} and was asked to check ${event.revision}`,
    );
  }
  const { access, keySecret } = parseEnvironment(env);
  const key = once(() => readKey(keySecret));
  return passGate({
    expected,
    clock,
    tasks: () =>
      event.kind === 'rolling'
        ? tasksOfPrimary(ecs, event)
        : tasksOfRevision(ecs, event, event.targetServiceRevision),
    check: async (task) => {
      const port = portOf?.(task) ?? access.port;
      return checkTask(task, expected, async () => ({ ...access, port, key: await key() }));
    },
  });
}

/** Without the stack, which CloudFormation would show in the reason. */
function asGateError(error: unknown): GateError {
  const { name, message } = error as Error;
  const told = error instanceof GateError ? error : new GateError(`${name}: ${message.split('\n')[0]}`);
  told.stack = told.name;
  return told;
}

export const handler = createHandler({
  env: process.env,
  // An endpoint that is not there does not answer: find out while there is time to say so.
  ecs: new ECS({ maxAttempts: 2, requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 } }),
  expected: () => readExpected(import.meta.dirname),
  readKey: readApiKeySecret,
  clock: (context) => ({
    remaining: () => context.getRemainingTimeInMillis() - RESERVE_MS,
    wait: (milliseconds) => delay(milliseconds),
  }),
  log: (level, message) => console[level](message),
});
