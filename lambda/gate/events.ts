import { GateError } from './gate-error.ts';

/** The service whose tasks are checked, by names. */
export interface GatedService {
  cluster: string;
  service: string;
}

/** Why the gate was called. */
export type GateEvent =
  /** The custom resource of a rolling deployment was deleted: there is nothing to check. */
  | { kind: 'deletion' }
  /** The custom resource, after CloudFormation has updated the service. */
  | ({ kind: 'rolling'; revision: string } & GatedService)
  /** A lifecycle hook of ECS, while a blue/green deployment waits for the answer. */
  | ({ kind: 'hook'; targetServiceRevision: string } & GatedService);

/**
 * Reads the event of CloudFormation's custom resource or of an ECS lifecycle hook.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
 * @throws GateError for any other event
 */
export function parseEvent(value: unknown): GateEvent {
  const event = asRecord(value);
  if (event.RequestType === 'Delete') return { kind: 'deletion' };
  if (event.RequestType === 'Create' || event.RequestType === 'Update') {
    const properties = asRecord(event.ResourceProperties);
    return {
      kind: 'rolling',
      cluster: text(properties, 'Cluster'),
      service: text(properties, 'Service'),
      revision: text(properties, 'Revision'),
    };
  }
  // ECS documents the details as the payload, and sends them inside an envelope with the stage.
  const details = asRecord(event.executionDetails ?? event);
  const arn = text(details, 'serviceArn');
  const [, cluster, service] = /:service\/([^/]+)\/([^/]+)$/.exec(arn) ?? [];
  if (cluster === undefined || service === undefined) {
    throw new GateError(`serviceArn: ${arn} does not name a cluster and a service`);
  }
  return { kind: 'hook', cluster, service, targetServiceRevision: text(details, 'targetServiceRevisionArn') };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new GateError(`the event is neither of a custom resource nor of a lifecycle hook: it has no ${key}`);
}
