import { ConfigurationError } from '../../engine/index.ts';

/** Where an object is. */
export interface S3Address {
  bucket: string;
  /** As it is stored: nothing in an address is decoded. */
  key: string;
  /** One version of it, which never changes. @default the newest */
  versionId?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; access point aliases are such names. */
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
/** Bytes of the longest key. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1_024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Reads `s3://bucket/key`, or `s3://bucket/key?versionId=…`.
 *
 * @throws ConfigurationError that says which part is wrong
 */
export function parseS3Address(address: string): S3Address {
  const [, bucket = '', key = '', query] = /^s3:\/\/([^/]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(address) ?? [];
  if (bucket.includes('@')) {
    // Not repeated: it may be a secret.
    throw new ConfigurationError(
      'an s3 source has an @ in its bucket: credentials are found as the AWS SDK finds them, by a role, a profile or AWS_ACCESS_KEY_ID',
    );
  }
  const wrong = (problem: string) => new ConfigurationError(`source 's3://${bucket}/${key}': ${problem}`);
  if (bucket.startsWith('arn:')) throw wrong('give an access point by its alias, and not its ARN');
  if (!BUCKET.test(bucket) || IP_ADDRESS.test(bucket)) {
    throw wrong(
      `"${bucket}" cannot be a bucket: names are 3 to 63 lower-case letters, digits, dots and hyphens, such as s3://my-policies/bundle.tar.gz`,
    );
  }
  if (key === '' || key.endsWith('/')) {
    throw wrong('it names no object: give its key, such as bundle.tar.gz, after the bucket and a slash');
  }
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw wrong(`its key is longer than ${MAX_KEY_BYTES} bytes`);
  if (CONTROL.test(key) || key.includes('#')) throw wrong('its key has a # or a control character in it');
  if (key.split('/').some((part) => part === '.' || part === '..')) {
    throw wrong('its key has a . or .. between slashes, which S3 would take as they are');
  }
  if (query === undefined) return { bucket, key };
  const [, versionId] = /^versionId=([\w.~-]{1,1024})$/.exec(query) ?? [];
  if (versionId === undefined) throw wrong('after a ? there can only be versionId=…');
  return { bucket, key, versionId };
}

/** The address, for people. */
export function s3Name({ bucket, key, versionId }: S3Address): string {
  return `s3://${bucket}/${key}${versionId === undefined ? '' : `?versionId=${versionId}`}`;
}
