import type { ECS } from '@aws-sdk/client-ecs';
import type { Clock } from '../follow/clock.ts';
import { UsageError } from '../terminal/exit.ts';
import type { ServiceName } from './connect.ts';
import { type Observer, rollingObserver, serviceDeploymentObserver } from './observe.ts';
import { problemOf } from './problem.ts';
import { describeService } from './service.ts';
import { serviceDeploymentArns } from './service-deployments.ts';

/** Milliseconds between two looks at a deployment. */
const INTERVAL_MS = 5_000;

export interface RolloutOptions {
  /** Milliseconds to follow the deployment for. */
  timeoutMs: number;
  /** Stops following; the deployment goes on. */
  signal: AbortSignal;
  /** Told how far it is, whenever that has changed. */
  onProgress(seconds: number, progress: string): void;
}

export interface RolloutResult {
  outcome: 'completed' | 'failed' | 'timed-out' | 'interrupted';
  /** What was last seen of it. */
  progress: string;
  reason: string | null;
  seconds: number;
}

/**
 * Replaces the tasks of a service with new ones of the same task definition, and follows the deployment to its end.
 *
 * @throws UsageError when there is no such service, or it cannot be followed any more; or the SDK's own error
 */
export async function rollOut(
  ecs: ECS,
  name: ServiceName,
  { timeoutMs, signal, onProgress }: RolloutOptions,
  clock: Clock,
): Promise<RolloutResult> {
  const observe = await begin(ecs, name);
  const start = clock.now();
  let progress = '';
  for (;;) {
    const seen = await observe().catch((error: unknown) => {
      throw new UsageError(`${problemOf(error, name)}; the deployment goes on`);
    });
    const elapsed = clock.now() - start;
    const seconds = Math.round(elapsed / 1_000);
    if (seen.progress !== progress) onProgress(seconds, seen.progress);
    progress = seen.progress;
    const ended = (outcome: RolloutResult['outcome']) => ({
      outcome,
      progress,
      reason: seen.reason,
      seconds,
    });
    if (seen.state !== 'going') return ended(seen.state);
    if (signal.aborted) return ended('interrupted');
    if (elapsed >= timeoutMs) return ended('timed-out');
    await clock.wait(Math.min(INTERVAL_MS, timeoutMs - elapsed), signal);
  }
}

async function begin(ecs: ECS, name: ServiceName): Promise<Observer> {
  const { strategy = 'ROLLING' } = (await describeService(ecs, name)).deploymentConfiguration ?? {};
  const before = strategy === 'ROLLING' ? undefined : new Set(await serviceDeploymentArns(ecs, name));
  const { service } = await ecs.updateService({ ...name, forceNewDeployment: true });
  if (before !== undefined) return serviceDeploymentObserver(ecs, name, before);
  const begun = service?.deployments?.find(({ status }) => status === 'PRIMARY');
  return rollingObserver(ecs, name, begun?.id ?? '');
}
