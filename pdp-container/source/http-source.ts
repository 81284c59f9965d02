import { createHash } from 'node:crypto';
import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { ConfigurationError } from '../../engine/index.ts';
import { VERSION } from '../../engine/version.ts';
import { isGzip, isUndamaged, withoutEncoding } from './gzip-encoding.ts';
import { get } from './http-get.ts';
import { statusProblem } from './http-problems.ts';
import { type Fetched, type FetchLimits, type RemoteSource, SourceError } from './remote-source.ts';
import { parseWebAddress, webName } from './web-address.ts';

export interface HttpSourceOptions {
  /** Sent as `Authorization: Bearer`, never to another origin. @default none */
  token?: string | undefined;
  limits: FetchLimits;
}

/**
 * Seconds that a server is asked to hold a question for, when there is nothing new. Less than the minute after which
 * balancers and proxies take a silent connection for dead.
 */
const WAIT_SECONDS = 30;

/** To this many times the most that an archive may have, its checksum is looked at. */
const CHECKED_RATIO = 8;

/** How a server says that it holds questions. https://www.openpolicyagent.org/docs/management-bundles#http-long-polling */
const LONG_POLLING_TYPE = 'application/vnd.openpolicyagent.bundles';

/**
 * An archive at an `https://` address, by OPA's bundle protocol: ETags, long polling and a bearer token, all of which
 * a server may leave out. The tag of what is fetched is its ETag, or else a digest of it.
 *
 * @throws ConfigurationError when the address, the token or the address of a proxy is wrong
 */
export function httpSource(address: string, { token, limits }: HttpSourceOptions): RemoteSource {
  const url = parseWebAddress(address);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    const name = webName(url);
    throw new ConfigurationError(
      `source '${name}': its token is empty, or has a space or a line break in it, which no token has`,
    );
  }
  return new HttpSource(url, token, limits);
}

class HttpSource implements RemoteSource {
  readonly name: string;
  readonly #url: URL;
  readonly #token: string | undefined;
  readonly #limits: FetchLimits;
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: httpsAgent() };
  #waits = false;

  constructor(url: URL, token: string | undefined, limits: FetchLimits) {
    this.name = webName(url);
    this.#url = url;
    this.#token = token;
    this.#limits = limits;
  }

  get waits(): boolean {
    return this.#waits;
  }

  async fetch(tag: string | undefined, signal: AbortSignal): Promise<Fetched | undefined> {
    const { archiveBytes, fetchMs } = this.#limits;
    const known = tag?.startsWith(ETAG) ? tag.slice(ETAG.length) : undefined;
    const options = {
      headers: headersOf(known),
      token: this.#token,
      agents: this.#agents,
      // Without a tag there is nothing to wait for.
      headMs: fetchMs + (known === undefined ? 0 : WAIT_SECONDS * 1_000),
      bodyMs: fetchMs,
      maxBytes: archiveBytes,
      signal,
    };
    const isNew = (status: number, headers: IncomingHttpHeaders) =>
      status === 200 && (tag === undefined || tag !== etagTag(headers));
    const { status, headers, body } = await get(this.#url, options, isNew);
    // A 304 need not say again of what type the bundle is: https://www.rfc-editor.org/rfc/rfc9110#name-304-not-modified
    if (status === 304 && known !== undefined) return undefined;
    if (status !== 200) throw new SourceError(statusProblem(status, this.#token !== undefined));
    this.#waits = mediaType(headers) === LONG_POLLING_TYPE && headers.etag !== undefined;
    if (!isNew(status, headers)) return undefined;
    const archive = await withoutEncoding(body, headers['content-encoding'], archiveBytes);
    if (!isGzip(archive)) {
      throw new SourceError(
        'it answered 200, but not with a .tar.gz: is it the page of a proxy or a log-in?',
      );
    }
    if (!(await isUndamaged(archive, archiveBytes * CHECKED_RATIO))) {
      throw new SourceError('its archive was damaged on the way: the checksum of its gzip does not hold');
    }
    const fetched = { archive, tag: etagTag(headers) ?? digestTag(archive) };
    return fetched.tag === tag ? undefined : fetched;
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}

/** By the proxy that HTTPS_PROXY names, but for hosts of NO_PROXY. A proxy sees a tunnel, and no token. */
function httpsAgent(): HttpsAgent {
  try {
    return new HttpsAgent({ keepAlive: true, proxyEnv: process.env });
  } catch {
    // The reason has all of the address in it, which may have a password.
    throw new ConfigurationError(
      'HTTPS_PROXY is not the address of a proxy, such as http://proxy.example.com:3128',
    );
  }
}

/** Tags of two kinds: what the server calls the archive, and what we do when it does not. */
const ETAG = 'etag:';

function etagTag({ etag }: IncomingHttpHeaders): string | undefined {
  return etag === undefined || etag === '' ? undefined : `${ETAG}${etag}`;
}

function digestTag(archive: Uint8Array): string {
  return `sha256:${createHash('sha256').update(archive).digest('hex')}`;
}

function headersOf(known: string | undefined): Record<string, string> {
  return {
    accept: `application/gzip, ${LONG_POLLING_TYPE}, */*;q=0.1`,
    'accept-encoding': 'identity',
    // Deltas are for documents of OPA's; a bundle here is always whole.
    prefer: `modes=snapshot;wait=${WAIT_SECONDS}`,
    'user-agent': `serverless-pdp/${VERSION}`,
    ...(known !== undefined && { 'if-none-match': known }),
  };
}

function mediaType(headers: IncomingHttpHeaders): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}
