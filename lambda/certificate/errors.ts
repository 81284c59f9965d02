import { CustomResourceError } from '../custom-resource/errors.ts';

/** What a person must know or do. Messages never hold the content of a secret. */
export class CertificateError extends CustomResourceError {
  override readonly name = 'CertificateError';
}

/** Another run wrote the secret since this one read it: what was read is to be read again. */
export class ChangedMeanwhileError extends CertificateError {}

/**
 * An error of AWS in our words: what was tried and the error's name. Its own message and its fields are left out,
 * since they may quote what was sent.
 */
export function awsError(tried: string, error: unknown): CertificateError {
  return new CertificateError(`${tried}: ${error instanceof Error ? error.name : 'unknown error'}`);
}
