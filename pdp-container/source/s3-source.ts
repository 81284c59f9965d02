import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { readWithin, tooLarge } from './http-get.ts';
import { type Fetched, type FetchLimits, type RemoteSource, SourceError } from './remote-source.ts';
import { parseS3Address, type S3Address, s3Name } from './s3-address.ts';
import { awsStatus, s3Problem } from './s3-problems.ts';

export interface S3SourceOptions {
  limits: FetchLimits;
}

/** Attempts of the SDK for one question; there is another question soon. */
const MAX_ATTEMPTS = 2;
/** Milliseconds. */
const CONNECTION_TIMEOUT = 5_000;
/** Where a bucket is looked for when nothing names a region: S3 then tells where it is. */
const ANY_REGION = 'us-east-1';

/**
 * An object of S3, `s3://bucket/key`, or one version of it, `s3://bucket/key?versionId=…`. Region, credentials and
 * endpoint are found as the AWS SDK finds them. The tag of what is fetched is the object's ETag, and its version.
 *
 * @throws ConfigurationError when the address is wrong
 */
export function s3Source(address: string, { limits }: S3SourceOptions): RemoteSource {
  return new S3Source(parseS3Address(address), limits);
}

class S3Source implements RemoteSource {
  readonly name: string;
  readonly #address: S3Address;
  readonly #limits: FetchLimits;
  #client: Promise<S3Client> | undefined;

  constructor(address: S3Address, limits: FetchLimits) {
    this.name = s3Name(address);
    this.#address = address;
    this.#limits = limits;
  }

  async fetch(tag: string | undefined, given: AbortSignal): Promise<Fetched | undefined> {
    const { fetchMs, archiveBytes } = this.#limits;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), fetchMs);
    const signal = AbortSignal.any([given, late.signal]);
    try {
      const object = await unlessAborted(this.#get(tag, signal), signal);
      const found = tagOf(object);
      if (found === tag) {
        (object.Body as Readable).destroy();
        return undefined;
      }
      return { archive: await read(object, archiveBytes), tag: found };
    } catch (error) {
      if (given.aborted) throw new SourceError('it is not asked any more');
      if (late.signal.aborted) {
        const seconds = fetchMs / 1_000;
        throw new SourceError(
          `S3 did not answer in whole within ${seconds} s: in a VPC it takes an endpoint for S3, or a way out`,
        );
      }
      if (error instanceof SourceError) throw error;
      if (awsStatus(error) === 304) return undefined;
      throw new SourceError(s3Problem(error, this.#address));
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#client?.then((client) => client.destroy()).catch(() => {});
    this.#client = undefined;
  }

  async #get(tag: string | undefined, abortSignal: AbortSignal): Promise<GetObjectCommandOutput> {
    const { bucket: Bucket, key: Key, versionId: VersionId } = this.#address;
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const IfNoneMatch = tag === undefined ? undefined : etagOf(tag);
    this.#client ??= connect();
    const client = await this.#client;
    return client.send(new GetObjectCommand({ Bucket, Key, VersionId, IfNoneMatch }), { abortSignal });
  }
}

async function connect(): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  const settings = {
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT },
    // Hosts of a bucket's own exist at AWS; elsewhere its name is in the path.
    forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL),
    followRegionRedirects: true,
  };
  const client = new S3Client(settings);
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    return new S3Client({ ...settings, region: ANY_REGION });
  }
}

/** All of the object, held to the checksum it was stored with, if it was. */
async function read(
  { Body, ContentLength = 0 }: GetObjectCommandOutput,
  maxBytes: number,
): Promise<Uint8Array> {
  const body = Body as Readable;
  try {
    if (ContentLength > maxBytes) throw tooLarge(maxBytes);
    return await readWithin(body as AsyncIterable<Buffer>, maxBytes);
  } finally {
    body.destroy();
  }
}

/** The SDK does not stop looking for credentials when it is told to. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** An ETag is in quotes, so what comes after it is the version. */
function tagOf({ ETag, VersionId = '' }: GetObjectCommandOutput): string {
  if (ETag === undefined) throw new SourceError('it sends no ETag, as S3 does');
  return `${ETag}${VersionId}`;
}

function etagOf(tag: string): string | undefined {
  return /^(?:W\/)?"[^"]*"/.exec(tag)?.[0];
}
