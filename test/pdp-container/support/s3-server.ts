import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { sendCorrupt, sendEndless, sendHalf } from './faulty-bodies.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { type Conditions, S3Bucket, S3Error, type S3Version } from './s3-bucket.ts';
import { errorBody, versionsBody } from './s3-xml.ts';

export interface S3ServerOptions {
  /** @default the one bucket `policies` in eu-west-1, with versioning */
  buckets?: Record<string, { region?: string; versioned?: boolean }>;
}

/** How content is sent from now on: cut short, never, only half of it on an open connection, without an end, with a byte changed. */
export type S3Fault = 'truncated' | 'hang' | 'hang-body' | 'endless' | 'corrupt';

export type S3Operation =
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'HeadBucket'
  | 'ListObjectVersions';

export interface S3Call {
  operation: S3Operation;
  bucket: string;
  /** Empty for what is asked of a bucket. */
  key: string;
  headers: IncomingMessage['headers'];
}

export interface S3Server {
  /** The variables that the AWS SDK, or a process with it, finds the server and its credentials by. */
  readonly env: Record<string, string>;
  readonly url: string;
  /** Every call, in order. */
  readonly calls: S3Call[];
  readonly buckets: ReadonlyMap<string, S3Bucket>;
  fault: S3Fault | undefined;
  /** Called before a call is answered: another writer, in between, is a call of this. */
  before: (call: S3Call) => void | Promise<void>;
  /** Puts an object, as another client would. */
  put(bucket: string, key: string, content: Uint8Array): S3Version;
  /** Answers an operation with an error of the API from now on; without a code it is answered again. */
  refuse(operation: S3Operation, status?: number, code?: string): void;
  /**
   * Without `s3:ListBucket` S3 does not tell whether an object is there: 403 and not 404.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  mayList: boolean;
  down(): void;
  up(): void;
  connections(): number;
  /** Resolves when none is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

const ACCESS_KEY = 'stand-in';

/**
 * A stand-in for S3 on a free port of 127.0.0.1, for the AWS SDK as its client: objects with versions, conditional
 * reads and writes, checksums and errors as the API reference has them (each link is at what it is the source of).
 * `test/system/s3.ts` holds another implementation to the same steps. It does not check signatures, only whose they
 * are and for which region.
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const buckets = new Map(
    Object.entries(options.buckets ?? { policies: {} }).map(
      ([name, { region = 'eu-west-1', versioned = true }]) => [name, new S3Bucket(region, versioned)],
    ),
  );
  const refusals = new Map<S3Operation, { status: number; code: string }>();

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { call, query } = callOf(request);
    server.calls.push(call);
    try {
      const content = await buffer(request);
      await server.before(call);
      const refusal = refusals.get(call.operation);
      if (refusal !== undefined) throw new S3Error(refusal.status, refusal.code, 'Refused.');
      const bucket = bucketOf(call);
      const id = query.get('versionId') ?? undefined;
      switch (call.operation) {
        case 'HeadBucket':
          return void response.writeHead(200, { 'x-amz-bucket-region': bucket.region }).end();
        case 'ListObjectVersions':
          return void response
            .writeHead(200, { 'content-type': 'application/xml' })
            .end(versionsBody(call.bucket, bucket, query));
        case 'PutObject':
          return put(bucket, call, content, response);
        case 'DeleteObject': {
          const deleted = bucket.delete(call.key, id);
          return void response
            .writeHead(204, {
              ...(deleted && { 'x-amz-version-id': deleted.id, 'x-amz-delete-marker': `${deleted.marker}` }),
            })
            .end();
        }
        default:
          return get(bucket, call, id, response);
      }
    } catch (error) {
      sendError(error, call, response);
    }
  };

  const bucketOf = ({ bucket: name, headers }: S3Call): S3Bucket => {
    const [, key, region] = /Credential=([^/]+)\/\d+\/([^/]+)\/s3\//.exec(headers.authorization ?? '') ?? [];
    if (key === undefined) throw new S3Error(403, 'AccessDenied', 'Access Denied');
    if (key !== ACCESS_KEY) {
      throw new S3Error(
        403,
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
      );
    }
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (region !== bucket.region) {
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html: told where it is.
      const message =
        'The bucket you are attempting to access must be addressed using the specified endpoint.';
      throw new S3Error(301, 'PermanentRedirect', message, { 'x-amz-bucket-region': bucket.region });
    }
    return bucket;
  };

  const get = (bucket: S3Bucket, call: S3Call, id: string | undefined, response: ServerResponse) => {
    let version: S3Version & { content: Uint8Array };
    try {
      version = bucket.get(call.key, id);
    } catch (error) {
      if (server.mayList || (error as S3Error).status !== 404) throw error;
      throw new S3Error(403, 'AccessDenied', 'Access Denied');
    }
    const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = call.headers;
    const headers: Record<string, string> = {
      etag: version.etag,
      'last-modified': version.modified.toUTCString(),
      ...(version.id !== 'null' && { 'x-amz-version-id': version.id }),
    };
    if (ifMatch !== undefined && ifMatch !== version.etag) {
      const message = 'At least one of the pre-conditions you specified did not hold';
      throw new S3Error(412, 'PreconditionFailed', message);
    }
    if (ifNoneMatch !== undefined && ifNoneMatch === version.etag) {
      return void response.writeHead(304, headers).end();
    }
    for (const [name, value] of Object.entries(version.headers)) {
      if (name.startsWith('x-amz-checksum') && call.headers['x-amz-checksum-mode'] !== 'ENABLED') continue;
      headers[name] = value;
    }
    if (server.fault !== 'endless') headers['content-length'] = String(version.content.length);
    response.writeHead(200, headers);
    if (call.operation === 'HeadObject') return void response.end();
    send(response, version.content, server.fault);
  };

  const put = (bucket: S3Bucket, { key, headers }: S3Call, content: Uint8Array, response: ServerResponse) => {
    if (headers['content-encoding']?.includes('aws-chunked')) {
      throw new S3Error(
        501,
        'NotImplemented',
        'The stand-in takes no chunked upload: send the content at once.',
      );
    }
    const conditions: Conditions = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
    const version = bucket.put(key, content, keptOf(headers, content), conditions);
    const { id, etag } = version;
    response.writeHead(200, { etag, ...(id !== 'null' && { 'x-amz-version-id': id }) }).end();
  };

  const loopback = await startLoopbackServer((request, response) => void handle(request, response));
  const server: S3Server = {
    url: loopback.url,
    env: {
      AWS_ENDPOINT_URL_S3: loopback.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: 'stand-in',
      AWS_EC2_METADATA_DISABLED: 'true',
      // No profile of the person who runs the tests.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    calls: [],
    buckets,
    fault: undefined,
    before: () => {},
    put(bucket, key, content) {
      const found = buckets.get(bucket);
      if (found === undefined) throw new Error(`the stand-in has no bucket ${bucket}`);
      return found.put(key, content, checksumOf(content), {});
    },
    refuse(operation, status, code = 'AccessDenied') {
      if (status === undefined) refusals.delete(operation);
      else refusals.set(operation, { status, code });
    },
    mayList: true,
    down: loopback.down,
    up: loopback.up,
    connections: loopback.connections,
    quiet: loopback.quiet,
    close: loopback.close,
  };
  return server;
}

/** Path-style: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
function callOf(request: IncomingMessage): { call: S3Call; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, bucket = '', ...rest] = pathname.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const call = {
    operation: operationOf(request.method, key, searchParams),
    bucket,
    key,
    headers: request.headers,
  };
  return { call, query: searchParams };
}

function operationOf(method: string | undefined, key: string, query: URLSearchParams): S3Operation {
  if (key === '' && method === 'HEAD') return 'HeadBucket';
  if (key === '' && method === 'GET' && query.has('versions')) return 'ListObjectVersions';
  const operations: Record<string, S3Operation> = {
    GET: 'GetObject',
    HEAD: 'HeadObject',
    PUT: 'PutObject',
    DELETE: 'DeleteObject',
  };
  const operation = operations[method ?? ''];
  if (key === '' || operation === undefined) throw new Error(`the stand-in does not know ${method} ${query}`);
  return operation;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
function checksumOf(content: Uint8Array): Record<string, string> {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(content));
  return { 'x-amz-checksum-crc32': sum.toString('base64'), 'x-amz-checksum-type': 'FULL_OBJECT' };
}

/** What S3 keeps of the headers of a write. A content that is not what its checksum says is refused. */
function keptOf(headers: IncomingMessage['headers'], content: Uint8Array): Record<string, string> {
  const checksum = checksumOf(content);
  const sent = headers['x-amz-checksum-crc32'];
  if (sent !== undefined && sent !== checksum['x-amz-checksum-crc32']) {
    throw new S3Error(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
  }
  const kept = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || ['content-type', 'cache-control'].includes(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...checksum };
}

function send(response: ServerResponse, content: Uint8Array, fault: S3Fault | undefined): void {
  switch (fault) {
    case 'hang':
      return;
    case 'truncated':
      sendHalf(response, content, 'break');
      return;
    case 'hang-body':
      sendHalf(response, content, 'hang');
      return;
    case 'endless':
      sendEndless(response, content);
      return;
    case 'corrupt':
      sendCorrupt(response, content);
      return;
    default:
      response.end(content);
  }
}

function sendError(error: unknown, call: S3Call, response: ServerResponse): void {
  const refused =
    error instanceof S3Error ? error : new S3Error(500, 'InternalError', String((error as Error).message));
  response.writeHead(refused.status, { 'content-type': 'application/xml', ...refused.headers });
  // An answer to HEAD has no body, so its error has no code.
  response.end(call.operation.startsWith('Head') ? undefined : errorBody(refused, call));
}
