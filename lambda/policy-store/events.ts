import { CustomResourceError } from '../custom-resource/errors.ts';
import { type Fields, fieldsOf, type Request, requestOf, textField } from '../custom-resource/request.ts';

/** Where the policies are published. */
export interface StoreAddress {
  readonly bucket: string;
  readonly key: string;
}

/** What a custom resource of a store asks for. */
export type Wanted =
  | { readonly kind: 'policies'; readonly address: StoreAddress }
  | { readonly kind: 'verifyKey'; readonly keyId: string };

/** CloudFormation creates, updates or deletes a custom resource of a store. */
export interface StoreEvent {
  readonly request: Request;
  /** What the resource is called from then on. CloudFormation deletes the one before when it is another. */
  readonly physicalId: string;
  readonly deleted: boolean;
  /** Read only when needed, so that a request whose properties are wrong is still answered. */
  wanted(): Wanted;
}

/** @throws CustomResourceError when it is no request of CloudFormation */
export function parseEvent(event: unknown): StoreEvent {
  const fields = fieldsOf(event, 'the event');
  const request = requestOf(fields);
  const deleted = fields.RequestType === 'Delete';
  return {
    request,
    physicalId: deleted ? textField(fields, 'PhysicalResourceId') : request.logicalResourceId,
    deleted,
    wanted: () => wantedBy(fields),
  };
}

function wantedBy(fields: Fields): Wanted {
  const properties = fieldsOf(fields.ResourceProperties, 'ResourceProperties');
  switch (fields.ResourceType) {
    case 'Custom::PdpPolicies':
      return {
        kind: 'policies',
        address: { bucket: textField(properties, 'Bucket'), key: textField(properties, 'Key') },
      };
    case 'Custom::PdpVerifyKey':
      return { kind: 'verifyKey', keyId: textField(properties, 'KeyId') };
    default:
      throw new CustomResourceError('ResourceType is neither Custom::PdpPolicies nor Custom::PdpVerifyKey');
  }
}
