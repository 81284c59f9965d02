/** Where an object is. */
export interface S3Address {
  bucket: string;
  key: string;
}

/**
 * Reads `s3://bucket/key`, the key as it is stored: nothing in it is decoded. Undefined for anything else. What follows
 * a `?` or `#` elsewhere in this kit is no part of a key, and so no key here has them.
 */
export function parseS3Address(text: string): S3Address | undefined {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#]*[^/?#])$/.exec(text) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}
