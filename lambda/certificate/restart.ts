import { DescribeServicesCommand, type ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { awsError, CertificateError } from './errors.ts';

/** A service, by the ARNs of its cluster and itself. */
export interface ServiceAddress {
  readonly cluster: string;
  readonly service: string;
}

/** `done`: all tasks run with the stored certificate. `restarting`: tasks that do are being started. */
export type Restart = 'done' | 'restarting' | 'restarted';

/**
 * Sees to it that the tasks of a service have read what was stored: they read it when they start. Nothing is
 * remembered: the service's own deployments tell whether one began since, so a run that failed, or a deployment
 * that was rolled back, is made up for by the next run.
 *
 * @param storedAt when the certificate was stored, by AWS's clock
 */
export async function restart(client: ECSClient, address: ServiceAddress, storedAt: Date): Promise<Restart> {
  const { cluster, service } = address;
  const deployments = await deploymentsOf(client, address);
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  if (primary?.createdAt !== undefined && primary.createdAt >= storedAt) {
    return deployments.length === 1 && primary.rolloutState === 'COMPLETED' ? 'done' : 'restarting';
  }
  try {
    await client.send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true }));
  } catch (error) {
    throw awsError(`cannot start new tasks of ${service}`, error);
  }
  return 'restarted';
}

async function deploymentsOf(client: ECSClient, { cluster, service }: ServiceAddress) {
  try {
    const { services } = await client.send(new DescribeServicesCommand({ cluster, services: [service] }));
    if (services?.[0] !== undefined) return services[0].deployments ?? [];
  } catch (error) {
    throw awsError(`cannot see the deployments of ${service}`, error);
  }
  throw new CertificateError(`there is no service ${service}`);
}
