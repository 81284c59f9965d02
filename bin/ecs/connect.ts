import type { ECS } from '@aws-sdk/client-ecs';
import { UsageError } from '../terminal/exit.ts';
import { problemOf } from './problem.ts';

/** Where a service is: names or ARNs. */
export interface ServiceName {
  cluster: string;
  service: string;
}

/**
 * Works with the ECS API, with the region and credentials that the AWS SDK finds, and closes its connections.
 *
 * @param region instead of the one that `AWS_REGION` or the profile names
 * @throws UsageError for whatever AWS refuses, in one line
 */
export async function withEcs<T>(
  region: string | undefined,
  name: ServiceName,
  work: (ecs: ECS) => Promise<T>,
): Promise<T> {
  const ecs = await connect(region);
  try {
    return await work(ecs);
  } catch (error) {
    throw new UsageError(problemOf(error, name));
  } finally {
    ecs.destroy();
  }
}

async function connect(region: string | undefined): Promise<ECS> {
  try {
    // For these commands alone: the others start without it, and the container does not have it.
    const { ECS } = await import('@aws-sdk/client-ecs');
    return new ECS(region === undefined ? {} : { region });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      '@aws-sdk/client-ecs is not here: run this where serverless-pdp is installed with npm; the container does not have it',
    );
  }
}
