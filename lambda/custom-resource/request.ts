import { CustomResourceError } from './errors.ts';

/** Where CloudFormation waits for the answer to a request, and what identifies the request in it. */
export interface Request {
  /** Signed: whoever has it can answer in our place. It is never logged. */
  readonly responseUrl: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalResourceId: string;
}

export type Fields = Record<string, unknown>;

/**
 * @throws CustomResourceError when a field is missing
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
 */
export function requestOf(event: Fields): Request {
  return {
    responseUrl: textField(event, 'ResponseURL'),
    stackId: textField(event, 'StackId'),
    requestId: textField(event, 'RequestId'),
    logicalResourceId: textField(event, 'LogicalResourceId'),
  };
}

/** @throws CustomResourceError when it is no text, or empty */
export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new CustomResourceError(`${name} must be a string that is not empty`);
}

/** @throws CustomResourceError when it is none */
export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new CustomResourceError(`${name} must be an object`);
}
