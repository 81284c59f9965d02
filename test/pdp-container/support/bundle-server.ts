import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { TestCertificate } from './certificates.ts';
import { sendCorrupt, sendEndless, sendHalf } from './faulty-bodies.ts';
import { startLoopbackServer } from './loopback-server.ts';

export interface BundleServerOptions {
  /** What is asked for as `Authorization: Bearer`; without it nothing is. */
  token?: string;
  /** Holds a request for what the client has, for as long as its `Prefer: wait` says. @default false */
  longPolling?: boolean;
  /** @default true */
  etags?: boolean;
  /** Serves HTTPS. */
  tls?: TestCertificate;
}

/**
 * What goes wrong from now on: the answer is cut short of its length, or in its chunks; there is none, or only half of
 * one, on a connection that stays open; it has no end; it is a 500, or a page in place of an archive; one of its bytes
 * is another; the connection is reset when it has been used before.
 */
export type BundleFault =
  | 'truncated'
  | 'truncated-chunks'
  | 'hang'
  | 'hang-body'
  | 'endless'
  | 'error'
  | 'wrong-type'
  | 'corrupt'
  | 'reset-reused';

export interface BundleServer {
  /** Of the bundle. */
  readonly url: string;
  readonly origin: string;
  /** Every request that came, in order. */
  readonly requests: { path: string; headers: IncomingHttpHeaders }[];
  fault: BundleFault | undefined;
  /** Sent with every bundle, besides or in place of its own. */
  headers: Record<string, string>;
  /** Puts an archive in the place of the one that is served, and answers who waits for it. */
  publish(archive: Uint8Array): void;
  /** Answers a path with a redirect from now on. */
  redirect(path: string, location: string, status?: number): void;
  /** Resolves when as many requests are held as long polls; those held already count. */
  held(count?: number): Promise<void>;
  /** Answers held requests as if their time was over. */
  release(): void;
  down(): void;
  up(): void;
  /** Connections open now. */
  connections(): number;
  /** Resolves when none is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** https://www.openpolicyagent.org/docs/management-bundles#http-long-polling */
const LONG_POLLING_TYPE = 'application/vnd.openpolicyagent.bundles';

const PATH = '/bundle.tar.gz';

/**
 * A bundle server as OPA's documentation has it, on a free port of 127.0.0.1: ETags, 304, long polling, a bearer token,
 * and what can go wrong. There is nothing (404) until something is published.
 */
export async function startBundleServer(options: BundleServerOptions = {}): Promise<BundleServer> {
  const { token, longPolling = false, etags = true, tls } = options;
  const redirects = new Map<string, { location: string; status: number }>();
  const seen = new WeakSet<object>();
  const held = new Set<() => void>();
  const waiting = new Set<() => void>();
  let archive: Uint8Array | undefined;
  let etag = '';

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    server.requests.push({ path, headers: request.headers });
    const reused = seen.has(request.socket);
    seen.add(request.socket);
    if (server.fault === 'reset-reused' && reused) return void request.socket.resetAndDestroy();
    if (server.fault === 'hang') return;
    const redirect = redirects.get(path);
    if (redirect !== undefined) {
      return void response.writeHead(redirect.status, { location: redirect.location }).end('moved');
    }
    if (server.fault === 'error') return void response.writeHead(500).end('secret detail of a failure');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return void response.writeHead(request.headers.authorization === undefined ? 401 : 403).end();
    }
    const wait = waitOf(request);
    if (longPolling && wait > 0 && archive !== undefined && request.headers['if-none-match'] === etag) {
      return hold(request, response, wait);
    }
    answer(request, response);
  };

  const hold = (request: IncomingMessage, response: ServerResponse, seconds: number) => {
    const done = () => {
      clearTimeout(timer);
      held.delete(done);
      answer(request, response);
    };
    const timer = setTimeout(done, seconds * 1_000);
    response.once('close', () => {
      clearTimeout(timer);
      held.delete(done);
    });
    held.add(done);
    for (const look of waiting) look();
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (archive === undefined) return void response.writeHead(404).end('nothing here');
    if (etags && request.headers['if-none-match'] === etag) {
      return void response.writeHead(304, { etag }).end();
    }
    const type = longPolling ? LONG_POLLING_TYPE : 'application/gzip';
    response.setHeaders(
      new Map([...Object.entries({ 'content-type': type, ...(etags && { etag }), ...server.headers })]),
    );
    send(response, archive, server.fault);
  };

  const loopback = await startLoopbackServer(listener, tls);
  const server: BundleServer = {
    url: `${loopback.url}${PATH}`,
    origin: loopback.url,
    requests: [],
    fault: undefined,
    headers: {},
    publish(next) {
      archive = next;
      etag = `"${createHash('sha256').update(next).digest('hex').slice(0, 32)}"`;
      server.release();
    },
    redirect: (path, location, status = 302) => void redirects.set(path, { location, status }),
    held: (count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (held.size < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    release() {
      for (const done of [...held]) done();
    },
    down: loopback.down,
    up: loopback.up,
    connections: loopback.connections,
    quiet: loopback.quiet,
    close: loopback.close,
  };
  return server;
}

function send(response: ServerResponse, archive: Uint8Array, fault: BundleFault | undefined): void {
  if (fault === 'truncated' || fault === 'hang-body') response.setHeader('content-length', archive.length);
  switch (fault) {
    case 'truncated':
    case 'truncated-chunks':
      sendHalf(response, archive, 'break');
      return;
    case 'hang-body':
      sendHalf(response, archive, 'hang');
      return;
    case 'endless':
      sendEndless(response, archive);
      return;
    case 'corrupt':
      sendCorrupt(response, archive);
      return;
    case 'wrong-type':
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Log in</title>');
      return;
    default:
      response.setHeader('content-length', archive.length);
      response.end(archive);
  }
}

/** Seconds of `Prefer: modes=snapshot;wait=30`; 0 without. */
function waitOf(request: IncomingMessage): number {
  const [, seconds = '0'] = /(?:^|[;,]\s*)wait=(\d+)/.exec(String(request.headers.prefer ?? '')) ?? [];
  return Number(seconds);
}
