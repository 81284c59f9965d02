import type { Agent, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { codeOf } from '../errno.ts';
import { connectionProblem } from './http-problems.ts';
import { SourceError } from './remote-source.ts';
import { isTrustworthy } from './web-address.ts';

/** Most redirects that are followed for one answer. */
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface GetOptions {
  headers: OutgoingHttpHeaders;
  /** Sent as a bearer token, to the origin of the address alone. */
  token?: string | undefined;
  agents: { http: Agent; https: Agent };
  /** Milliseconds until the head of the answer is there, whatever redirects there are. */
  headMs: number;
  /** Milliseconds for the rest of it. */
  bodyMs: number;
  /** Most bytes of the rest. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** All of the body, or nothing: one that is cut short or too large is an error. */
  body: Uint8Array;
}

/**
 * Gets what is at an address.
 *
 * @param wanted whether the body is read; one that is not is empty
 * @throws SourceError
 */
export async function get(
  url: URL,
  options: GetOptions,
  wanted: (status: number, headers: IncomingHttpHeaders) => boolean,
): Promise<HttpAnswer> {
  const late = new AbortController();
  let timer = setTimeout(() => late.abort(), options.headMs);
  const signal = AbortSignal.any([options.signal, late.signal]);
  let limitMs = options.headMs;
  try {
    const response = await followed(url, options, signal);
    const { statusCode: status = 0, headers } = response;
    if (!wanted(status, headers)) {
      dismiss(response);
      return { status, headers, body: new Uint8Array() };
    }
    clearTimeout(timer);
    limitMs = options.bodyMs;
    timer = setTimeout(() => late.abort(), limitMs);
    return { status, headers, body: await read(response, options.maxBytes) };
  } catch (error) {
    if (late.signal.aborted) throw new SourceError(`it did not answer in whole within ${limitMs / 1_000} s`);
    if (options.signal.aborted) throw new SourceError('it is not asked any more');
    if (error instanceof SourceError) throw error;
    throw new SourceError(connectionProblem(error));
  } finally {
    clearTimeout(timer);
  }
}

async function followed(url: URL, options: GetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  let { token } = options;
  let at = url;
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(at, options, token, signal);
    const { statusCode = 0, headers } = response;
    if (!REDIRECTS.has(statusCode)) return response;
    dismiss(response);
    if (redirects === MAX_REDIRECTS) throw new SourceError(`it redirects more than ${MAX_REDIRECTS} times`);
    const next = target(headers.location, at, statusCode);
    // Not sent again either when another origin redirects back.
    if (next.origin !== url.origin) token = undefined;
    at = next;
  }
}

/** Where a redirect leads. What it says is never part of a message: it may be signed. */
function target(location: string | undefined, from: URL, status: number): URL {
  const next = location === undefined ? null : URL.parse(location, from.href);
  if (next === null) throw new SourceError(`it answered ${status} and no address to go to`);
  const downgraded = from.protocol === 'https:' && next.protocol !== 'https:';
  if (downgraded || !isTrustworthy(next)) {
    throw new SourceError('it redirects to an address that is not https');
  }
  if (next.username !== '' || next.password !== '') {
    throw new SourceError('it redirects to an address with credentials in it');
  }
  return next;
}

/** The head of an answer. A connection that the server closed while it was idle is not the server's answer. */
async function ask(
  url: URL,
  options: GetOptions,
  token: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const agent = secure ? options.agents.https : options.agents.http;
  for (;;) {
    const settings = { agent, headers: { ...options.headers, ...authorization }, signal };
    const request = secure ? httpsRequest(url, settings) : httpRequest(url, settings);
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        request.once('response', resolve);
        // For good: a request that is destroyed later, with its answer, says so here, too.
        request.on('error', reject);
        request.end();
      });
    } catch (error) {
      if (!request.reusedSocket || codeOf(error) !== 'ECONNRESET' || signal.aborted) throw error;
    }
  }
}

/** One that is cut short of its length, or of its last chunk, makes this fail. */
async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    dismiss(response);
    throw tooLarge(maxBytes);
  }
  return readWithin(response, maxBytes);
}

/** All of a body. @throws SourceError past the limit, and whatever breaks it off */
export async function readWithin(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Reads no more of an answer, however much there is. Without a body, its connection serves the next question. */
function dismiss(response: IncomingMessage): void {
  if (response.statusCode === 304) response.resume();
  else response.destroy();
}

export function tooLarge(maxBytes: number): SourceError {
  return new SourceError(`its archive is larger than ${maxBytes} bytes, the most that is taken`);
}
