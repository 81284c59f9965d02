import type { ECS } from '@aws-sdk/client-ecs';
import { sdk } from '../aws/sdk.ts';
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
  const { ECS } = await sdk('@aws-sdk/client-ecs', () => import('@aws-sdk/client-ecs'));
  return new ECS(region === undefined ? {} : { region });
}
