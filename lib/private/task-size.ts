import { type CpuArchitecture, FargateTaskDefinition, OperatingSystemFamily } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';
import { acknowledge, INLINE_POLICY } from './acknowledge.ts';

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

/**
 * The memory sizes (MiB) that Fargate has for each CPU size (1,024 units are one vCPU).
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
export const FARGATE_MEMORY: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, steps(1024, 4096, 1024)],
  [1024, steps(2048, 8192, 1024)],
  [2048, steps(4096, 16_384, 1024)],
  [4096, steps(8192, 30_720, 1024)],
  [8192, steps(16_384, 61_440, 4096)],
  [16_384, steps(32_768, 122_880, 8192)],
]);

/**
 * Refuses a CPU and memory pair that Fargate does not have. It would otherwise fail in the deployment, minutes later.
 *
 * @throws SynthesisError naming the value that is wrong and the nearest that is right
 */
export function checkTaskSize(cpu: number, memoryLimitMiB: number): void {
  const memory = FARGATE_MEMORY.get(cpu);
  if (memory === undefined) {
    throw new SynthesisError(
      `cpu: ${cpu} is no Fargate size; use one of ${[...FARGATE_MEMORY.keys()].join(', ')}`,
    );
  }
  if (memory.includes(memoryLimitMiB)) return;
  const enough = memory.find((size) => size >= memoryLimitMiB) ?? memory.at(-1);
  throw new SynthesisError(
    `memoryLimitMiB: Fargate does not pair ${memoryLimitMiB} MiB with ${cpu} CPU units; use ${enough}, ` +
      `or another of ${memory.join(', ')}`,
  );
}

/** Of the execution role of a task. */
export const TASK_FINDINGS = {
  ...INLINE_POLICY,
  'AwsSolutions-IAM5[Resource::*]':
    'ecr:GetAuthorizationToken has no resource; every other statement of the execution role names its own.',
};

/** Of a task that takes policies from a store. */
export const STORE_FINDINGS = {
  'AwsSolutions-ECS2':
    'What is in plain text is where the policies are, and public keys. Secrets come from Secrets Manager.',
};

export interface FargateTaskProps {
  /** 1,024 units are one vCPU. */
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly cpuArchitecture: CpuArchitecture;
}

/**
 * A task without containers, whose role may do nothing.
 *
 * @throws SynthesisError when Fargate has no task of that size
 */
export function fargateTask(scope: Construct, props: FargateTaskProps): FargateTaskDefinition {
  const { cpu, memoryLimitMiB, cpuArchitecture } = props;
  checkTaskSize(cpu, memoryLimitMiB);
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu,
    memoryLimitMiB,
    runtimePlatform: { cpuArchitecture, operatingSystemFamily: OperatingSystemFamily.LINUX },
  });
  acknowledge(task, TASK_FINDINGS);
  return task;
}
