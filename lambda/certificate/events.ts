import type { Wanted } from './authority.ts';
import { CertificateError } from './errors.ts';
import type { ServiceAddress } from './restart.ts';

/** Where CloudFormation waits for the answer to a request, and what identifies the request in it. */
export interface Request {
  /** Signed: whoever has it can answer in our place. It is never logged. */
  readonly responseUrl: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalResourceId: string;
}

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

type Fields = Record<string, unknown>;

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

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
function parseDeployment(fields: Fields): DeploymentEvent {
  const generationOf = (properties: unknown) => (properties as Fields | undefined)?.Generation;
  const before = generationOf(fields.OldResourceProperties);
  return {
    kind: 'deployment',
    request: {
      responseUrl: text(fields, 'ResponseURL'),
      stackId: text(fields, 'StackId'),
      requestId: text(fields, 'RequestId'),
      logicalResourceId: text(fields, 'LogicalResourceId'),
    },
    deleted: fields.RequestType === 'Delete',
    rotates: typeof before === 'string' && before !== generationOf(fields.ResourceProperties),
    wanted: () => {
      const properties = fieldsOf(fields.ResourceProperties, 'ResourceProperties');
      return {
        serverNames: names(properties.ServerNames),
        generation: text(properties, 'Generation'),
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
      return { cluster: text(service, 'cluster'), service: text(service, 'service') };
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

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new CertificateError(`${name} must be a string that is not empty`);
}

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new CertificateError(`${name} must be an object`);
}
