import { type Fields, fieldsOf, type Request, requestOf, textField } from '../custom-resource/request.ts';
import type { Wanted } from './authority.ts';
import { CertificateError } from './errors.ts';
import type { ServiceAddress } from './restart.ts';

/** CloudFormation creates, updates or deletes the custom resource. */
export interface DeploymentEvent {
  readonly kind: 'deployment';
  readonly request: Request;
  readonly deleted: boolean;
  /** Whether this update asks for another generation than the one before. */
  readonly rotates: boolean;
  /** Read only when needed, so that a request whose properties are wrong is still answered. */
  wanted(): Wanted;
}

/** The daily run. */
export interface RenewalEvent {
  readonly kind: 'renewal';
  /** The services whose tasks read the certificate when they start. */
  readonly services: readonly ServiceAddress[];
}

/**
 * What the function was invoked for.
 *
 * @throws CertificateError when it is neither a request of CloudFormation nor the daily run
 */
export function parseEvent(event: unknown): DeploymentEvent | RenewalEvent {
  const fields = fieldsOf(event, 'the event');
  if ('RequestType' in fields) return parseDeployment(fields);
  if (fields.action === 'renew') return parseRenewal(fields);
  throw new CertificateError(
    'the event is neither a request of CloudFormation nor {"action":"renew","services":[…]}',
  );
}

function parseDeployment(fields: Fields): DeploymentEvent {
  const generationOf = (properties: unknown) => (properties as Fields | undefined)?.Generation;
  const before = generationOf(fields.OldResourceProperties);
  return {
    kind: 'deployment',
    request: requestOf(fields),
    deleted: fields.RequestType === 'Delete',
    rotates: typeof before === 'string' && before !== generationOf(fields.ResourceProperties),
    wanted: () => {
      const properties = fieldsOf(fields.ResourceProperties, 'ResourceProperties');
      return {
        serverNames: names(properties.ServerNames),
        generation: textField(properties, 'Generation'),
      };
    },
  };
}

function parseRenewal(fields: Fields): RenewalEvent {
  if (!Array.isArray(fields.services)) throw new CertificateError('services must be a list');
  return {
    kind: 'renewal',
    services: fields.services.map((value: unknown) => {
      const service = fieldsOf(value, 'services');
      return { cluster: textField(service, 'cluster'), service: textField(service, 'service') };
    }),
  };
}

function names(value: unknown): string[] {
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => typeof name === 'string' && name !== '')
  ) {
    return value;
  }
  throw new CertificateError('ServerNames must be a list of DNS names, with one at least');
}
