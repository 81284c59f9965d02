import { parseS3Address, type S3Address, s3Name } from '../../pdp-container/source/s3-address.ts';
import { UsageError } from '../terminal/exit.ts';

/** Where bundles are published. */
export type StoreAddress = Omit<S3Address, 'versionId'>;

/** Reads `s3://bucket/key`. @throws UsageError or ConfigurationError that says which part is wrong */
export function parseTarget(text: string): StoreAddress {
  if (!/^s3:\/\//i.test(text)) {
    throw new UsageError(`"${text}" is not where bundles are published, such as s3://bucket/bundle.tar.gz`);
  }
  const { versionId, ...address } = parseS3Address(text);
  if (versionId !== undefined)
    throw new UsageError(`${text}: leave ?versionId out: what is new is a version anew`);
  return address;
}

export function nameOf(address: StoreAddress): string {
  return s3Name(address);
}
