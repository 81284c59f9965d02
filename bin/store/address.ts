import { UsageError } from '../terminal/exit.ts';

/** Where bundles are published. */
export interface StoreAddress {
  bucket: string;
  key: string;
  /** One version of the object. @default the newest */
  versionId?: string;
}

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#]*[^?#/])(?:\?versionId=([\w.-]+))?$/;

export function isStoreAddress(text: string): boolean {
  return text.startsWith('s3://');
}

/** Reads `s3://bucket/key`, or `s3://bucket/key?versionId=…`. @throws UsageError */
export function parseStoreAddress(text: string): StoreAddress {
  const [, bucket, key, versionId] = ADDRESS.exec(text) ?? [];
  if (bucket === undefined || key === undefined) {
    throw new UsageError(`"${text}" is not the address of a bundle, such as s3://bucket/bundle.tar.gz`);
  }
  return { bucket, key, ...(versionId === undefined ? {} : { versionId }) };
}

/** The same, of commands that write: no one version can be written. @throws UsageError */
export function parseTarget(text: string): StoreAddress {
  const address = parseStoreAddress(text);
  if (address.versionId !== undefined) throw new UsageError(`${text}: leave ?versionId out`);
  return address;
}

export function nameOf({ bucket, key }: StoreAddress): string {
  return `s3://${bucket}/${key}`;
}
