import { CustomResourceError } from '../custom-resource/errors.ts';

/**
 * What AWS refused, in our words: what was tried and the error's name. Its own message is left out: it names the role
 * and the account in full, and CloudFormation's events are read by many.
 */
export function awsError(tried: string, error: unknown): CustomResourceError {
  return new CustomResourceError(`${tried}: ${error instanceof Error ? error.name : 'unknown error'}`);
}
