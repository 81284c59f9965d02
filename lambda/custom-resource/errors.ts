/** What a person must know or do, told to CloudFormation and the log as it is. Never with a secret in it. */
export class CustomResourceError extends Error {
  override readonly name: string = 'CustomResourceError';
}
