import { createHash } from 'node:crypto';

/** One version of an object, or a delete marker, which has no content. */
export interface S3Version {
  /** `null` in a bucket without versioning. */
  id: string;
  content: Uint8Array | undefined;
  /** With its quotes: the MD5 of the content, as S3 has it of what was put in one part. */
  etag: string;
  modified: Date;
  /** What is given back with it: its type, its metadata, its checksum. */
  headers: Record<string, string>;
}

/** An error of the S3 API. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What a write asks of what is there. */
export interface Conditions {
  ifMatch?: string;
  ifNoneMatch?: string;
}

/** The objects of one bucket: versions by key, the newest first. */
export class S3Bucket {
  readonly region: string;
  versioned: boolean;
  readonly #versions = new Map<string, S3Version[]>();
  #count = 0;

  constructor(region: string, versioned: boolean) {
    this.region = region;
    this.versioned = versioned;
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
  get(key: string, id: string | undefined): S3Version & { content: Uint8Array } {
    const versions = this.#versions.get(key) ?? [];
    const version = id === undefined ? versions[0] : versions.find((one) => one.id === id);
    if (version?.content !== undefined) return { ...version, content: version.content };
    if (version !== undefined) {
      const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.id };
      if (id === undefined) throw noSuchKey(headers);
      const message = 'The specified method is not allowed against this resource.';
      throw new S3Error(405, 'MethodNotAllowed', message, headers);
    }
    if (id !== undefined) throw new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.');
    throw noSuchKey();
  }

  /**
   * A write happens whole or not at all, under its conditions.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   */
  put(
    key: string,
    content: Uint8Array,
    headers: Record<string, string>,
    { ifMatch, ifNoneMatch }: Conditions,
  ): S3Version {
    const versions = this.#versions.get(key) ?? [];
    // A delete marker is no object: what is put over one is new.
    const current = versions[0]?.content === undefined ? undefined : versions[0];
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
      const message = 'A header you provided implies functionality that is not implemented';
      throw new S3Error(501, 'NotImplemented', message);
    }
    if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed();
    if (ifMatch !== undefined && current === undefined) throw noSuchKey();
    if (ifMatch !== undefined && unquoted(ifMatch) !== unquoted(current?.etag ?? ''))
      throw preconditionFailed();
    const etag = `"${createHash('md5').update(content).digest('hex')}"`;
    const version = { id: this.#nextId(), content, etag, modified: new Date(), headers };
    this.#versions.set(key, this.versioned ? [version, ...versions] : [version]);
    return version;
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
  delete(key: string, id: string | undefined): { id: string; marker: boolean } | undefined {
    const versions = this.#versions.get(key) ?? [];
    if (id !== undefined) {
      this.#versions.set(
        key,
        versions.filter((version) => version.id !== id),
      );
      return { id, marker: false };
    }
    if (!this.versioned) {
      this.#versions.delete(key);
      return undefined;
    }
    const marker = { id: this.#nextId(), content: undefined, etag: '', modified: new Date(), headers: {} };
    this.#versions.set(key, [marker, ...versions]);
    return { id: marker.id, marker: true };
  }

  /** All versions under a prefix: keys in order, the newest version of each first. */
  list(prefix: string): { key: string; version: S3Version; latest: boolean }[] {
    return [...this.#versions]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, versions]) =>
        versions.map((version, index) => ({ key, version, latest: index === 0 })),
      );
  }

  #nextId(): string {
    this.#count += 1;
    return this.versioned ? `version-${String(this.#count).padStart(6, '0')}` : 'null';
  }
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

function noSuchKey(headers: Record<string, string> = {}): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', headers);
}

function preconditionFailed(): S3Error {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new S3Error(412, 'PreconditionFailed', message);
}
