import { problemOfAws } from '../aws/problem.ts';
import { UsageError } from '../terminal/exit.ts';
import type { ServiceName } from './connect.ts';

/** What AWS refused, or why it could not be asked, in one line that says what to do. */
export function problemOf(error: unknown, { cluster, service }: ServiceName): string {
  if (error instanceof UsageError) return error.message;
  const { name } = error as Error;
  switch (name) {
    case 'ClusterNotFoundException':
      return `--cluster: there is no cluster ${cluster} in this account and region`;
    case 'ServiceNotFoundException':
      return noSuchService({ cluster, service });
    case 'ServiceNotActiveException':
      return `--service: ${service} of cluster ${cluster} is not active: it was deleted, or is being deleted`;
  }
  return problemOfAws(error, 'ECS');
}

export function noSuchService({ cluster, service }: ServiceName): string {
  return `--service: there is no service ${service} in cluster ${cluster}`;
}
