import type { ListObjectVersionsCommandOutput, S3 } from '@aws-sdk/client-s3';
import { sdk } from '../aws/sdk.ts';
import { UsageError } from '../terminal/exit.ts';
import { nameOf, type StoreAddress } from './address.ts';
import { problemOfStore } from './problem.ts';

/** An object as it was read, or written. */
export interface Stored {
  etag: string;
  /** Undefined in a bucket that keeps none. */
  versionId?: string;
}

export interface StoredArchive extends Stored {
  archive: Uint8Array;
  metadata: Partial<PublicationMetadata>;
}

/** One version of the object, the content not read. */
export interface StoredVersion {
  versionId: string;
  publishedAt: Date;
  isLatest: boolean;
}

/** What people and tools see of a publication without reading it. The manifest inside is what counts. */
export interface PublicationMetadata {
  revision: string;
  sequence: number;
}

/** Somebody else has written meanwhile. */
export class LostRace extends Error {
  override readonly name = 'LostRace';
}

/** Longest that connecting takes, and a connection on which nothing moves, in milliseconds. */
const TIMEOUTS = { connectionTimeout: 5_000, socketTimeout: 30_000 };

/** How S3 says that a condition of a write does not hold, two writes met, or what was to be replaced is gone. */
const LOST: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']);

/** The object that bundles are published as, and its versions. What AWS refuses is a UsageError, in one line. */
export class Store {
  readonly address: StoreAddress;
  readonly #s3: S3;

  constructor(address: StoreAddress, s3: S3) {
    this.address = address;
    this.#s3 = s3;
  }

  /**
   * @param versionId instead of what is there now
   * @returns undefined when nothing is there
   * @throws UsageError
   */
  async read(versionId?: string): Promise<StoredArchive | undefined> {
    const { bucket: Bucket, key: Key } = this.address;
    const version = versionId === undefined ? {} : { VersionId: versionId };
    try {
      const found = await this.#s3.getObject({ Bucket, Key, ...version, ChecksumMode: 'ENABLED' });
      const archive = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
      return { ...storedOf(found), archive, metadata: metadataOf(found.Metadata) };
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined;
      throw this.#told(error);
    }
  }

  /**
   * Writes when what is there is still what was read.
   *
   * @param current what was read; undefined: nothing was there
   * @throws LostRace when it is not, or UsageError
   */
  async write(
    archive: Uint8Array,
    { revision, sequence }: PublicationMetadata,
    current: Stored | undefined,
  ): Promise<Stored> {
    const { bucket: Bucket, key: Key } = this.address;
    try {
      const written = await this.#s3.putObject({
        Bucket,
        Key,
        Body: archive,
        ContentType: 'application/gzip',
        ChecksumAlgorithm: 'CRC32',
        Metadata: { revision, sequence: String(sequence) },
        ...(current === undefined ? { IfNoneMatch: '*' } : { IfMatch: current.etag }),
      });
      return storedOf(written);
    } catch (error) {
      if (LOST.has((error as Error).name)) throw new LostRace();
      throw this.#told(error);
    }
  }

  /** The versions, the newest first; those that mark where it was deleted are left out. @throws UsageError */
  async *versions(): AsyncGenerator<StoredVersion> {
    const { bucket: Bucket, key } = this.address;
    for (let next: object | undefined = {}; next !== undefined; ) {
      const page: ListObjectVersionsCommandOutput = await this.#s3
        .listObjectVersions({ Bucket, Prefix: key, ...next })
        .catch((error: unknown) => {
          throw this.#told(error);
        });
      for (const { Key, VersionId, LastModified, IsLatest } of page.Versions ?? []) {
        // The prefix finds longer keys, too, which come after it.
        if (Key !== key || VersionId === undefined) return;
        yield { versionId: VersionId, publishedAt: LastModified ?? new Date(0), isLatest: IsLatest === true };
      }
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      next = page.IsTruncated ? { KeyMarker, VersionIdMarker } : undefined;
    }
  }

  /** What a version says that it is. @throws UsageError */
  async metadata(versionId: string): Promise<Partial<PublicationMetadata>> {
    const { bucket: Bucket, key: Key } = this.address;
    try {
      return metadataOf((await this.#s3.headObject({ Bucket, Key, VersionId: versionId })).Metadata);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error: unknown): UsageError {
    return new UsageError(`${nameOf(this.address)}: ${problemOfStore(error, this.address)}`);
  }
}

function storedOf(answer: { ETag?: string | undefined; VersionId?: string | undefined }): Stored {
  const { ETag: etag = '', VersionId: versionId } = answer;
  return { etag, ...(versionId === undefined || versionId === 'null' ? {} : { versionId }) };
}

function metadataOf({ revision, sequence }: Record<string, string> = {}): Partial<PublicationMetadata> {
  const number = /^[1-9]\d{0,14}$/.test(sequence ?? '') ? { sequence: Number(sequence) } : {};
  return { ...(revision === undefined ? {} : { revision }), ...number };
}

/**
 * Works with a store, with the region and credentials that the AWS SDK finds, and closes its connections.
 *
 * @param region instead of the one that `AWS_REGION` or the profile names
 */
export async function withStore<T>(
  region: string | undefined,
  address: StoreAddress,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { S3 } = await sdk('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
  const s3 = new S3({
    ...(region === undefined ? {} : { region }),
    // A bucket may be in another region than the one that is set.
    followRegionRedirects: true,
    requestHandler: TIMEOUTS,
  });
  try {
    return await work(new Store(address, s3));
  } finally {
    s3.destroy();
  }
}
