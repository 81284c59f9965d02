import { UsageError } from '../terminal/exit.ts';
import type { ServiceName } from './connect.ts';

/** What AWS refused, or why it could not be asked, in one line that says what to do. */
export function problemOf(error: unknown, { cluster, service }: ServiceName): string {
  if (error instanceof UsageError) return error.message;
  const { name, message, code } = error as NodeJS.ErrnoException;
  const [line = ''] = message.split('\n');
  switch (name) {
    case 'ClusterNotFoundException':
      return `--cluster: there is no cluster ${cluster} in this account and region`;
    case 'ServiceNotFoundException':
      return noSuchService({ cluster, service });
    case 'ServiceNotActiveException':
      return `--service: ${service} of cluster ${cluster} is not active: it was deleted, or is being deleted`;
    case 'AccessDeniedException':
      return `AWS does not allow it: ${line}`;
    case 'CredentialsProviderError':
      return `there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (${line})`;
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'IncompleteSignatureException':
      return `AWS does not take the credentials, which may have expired: ${line}`;
  }
  if (line.startsWith('Region is missing')) return 'there is no region: give --region, or set AWS_REGION';
  // Several addresses were tried: Node's AggregateError has an empty message but a code.
  if (code !== undefined) return `the ECS API cannot be reached (${code}): is the region right?`;
  return `ECS: ${name}: ${line}`;
}

export function noSuchService({ cluster, service }: ServiceName): string {
  return `--service: there is no service ${service} in cluster ${cluster}`;
}
