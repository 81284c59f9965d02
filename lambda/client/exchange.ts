import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions as HttpsRequestOptions } from 'node:https';
import { http, https } from './node-http.ts';

/** The connection failed or ended before the whole answer was there: asking again elsewhere may help. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';
}

/** The attempt took longer than it may. */
export class AttemptTimeoutError extends ConnectionError {
  override readonly name = 'AttemptTimeoutError';
}

/** No connection could be made: the address has seen nothing of the request. */
export class UnreachableError extends ConnectionError {
  override readonly name = 'UnreachableError';
}

/** A kept connection was closed by the server before any of the answer came: not the fault of the address. */
export class StaleConnectionError extends ConnectionError {
  override readonly name = 'StaleConnectionError';
}

/** Nobody waits for the answer any more. */
export class GivenUpError extends ConnectionError {
  override readonly name = 'GivenUpError';
}

/** The answer is longer than may be read. */
export class AnswerTooLongError extends Error {
  override readonly name = 'AnswerTooLongError';
}

/** One POST of a JSON body, or a GET without one, over a given agent or, with `false`, over a connection of its own. */
export interface Exchange {
  url: URL;
  agent: Agent | false;
  ca: string | undefined;
  /**
   * The IP address to connect to.
   *
   * @default - the host of `url`, as Node looks it up
   */
  address?: string | undefined;
  /**
   * The name that the server's certificate must be for.
   *
   * @default - the host of `url`
   */
  servername?: string | undefined;
  headers: Record<string, string>;
  body: Buffer | undefined;
  /** Milliseconds; without it only `signal` ends the attempt. */
  timeoutMs: number | undefined;
  maxResponseBytes: number;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  body: string;
}

/** An exchange under way. */
export interface RunningExchange {
  /**
   * @throws ConnectionError, also when `timeoutMs` is over
   * @throws AnswerTooLongError
   */
  readonly answer: Promise<Answer>;
  /** Closes the connection; `answer` rejects with GivenUpError unless it is there already. */
  cancel(): void;
}

/**
 * Sends the body and reads the whole answer. Follows no redirect.
 *
 * @throws ConnectionError, also when `timeoutMs` is over
 * @throws AnswerTooLongError
 */
export function exchange(options: Exchange): Promise<Answer> {
  return startExchange(options).answer;
}

/** {@link exchange}, for a caller that may lose interest before its `signal` says so. */
export function startExchange(options: Exchange): RunningExchange {
  const { url, timeoutMs, signal } = options;
  const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
  const { request: send } = url.protocol === 'https:' ? https() : http();
  const request = send(url, requestOptions(options));
  let answering = false;

  const finish = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  };
  const fail = (error: Error) => {
    finish();
    reject(error instanceof AnswerTooLongError ? error : connectionError(error, request, answering));
  };
  const giveUp = (error: ConnectionError) => {
    fail(error);
    request.destroy();
  };
  const cancel = () => giveUp(new GivenUpError('given up'));
  const timeUp = () => giveUp(new AttemptTimeoutError(`no answer within ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(timeUp, timeoutMs);
  signal.addEventListener('abort', cancel, { once: true });

  request.on('error', fail);
  request.on('response', (response) => {
    answering = true;
    readBody(response, options.maxResponseBytes).then(
      (body) => {
        finish();
        resolve({ status: response.statusCode ?? 0, body });
      },
      (error: Error) => {
        response.destroy();
        fail(error);
      },
    );
  });
  request.end(options.body);
  return { answer, cancel };
}

function requestOptions(options: Exchange): HttpsRequestOptions {
  const { url, body, agent, headers, ca, address, servername } = options;
  return {
    method: body === undefined ? 'GET' : 'POST',
    agent,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      ...(address === undefined ? {} : { host: url.host }),
    },
    ...(ca === undefined ? {} : { ca }),
    ...(address === undefined ? {} : { hostname: address }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** By its events: to iterate over a response for the first time takes some 0.5 ms more. */
function readBody(response: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) reject(new AnswerTooLongError(`the answer is longer than ${limit} bytes`));
      else chunks.push(chunk);
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', reject);
    // The last of its events, which comes without an error too.
    response.on('close', () =>
      reject(new Error('the connection was closed before the whole answer was there')),
    );
  });
}

function connectionError(cause: NodeJS.ErrnoException, request: ClientRequest, answering: boolean) {
  if (cause instanceof ConnectionError) return cause;
  // Several addresses were tried: Node's AggregateError has an empty message but a code.
  const message = cause.message !== '' ? cause.message : String(cause.code ?? 'failed');
  if (cause.syscall === 'connect') return new UnreachableError(message, { cause });
  const closed = cause.code === 'ECONNRESET' || cause.code === 'EPIPE';
  if (request.reusedSocket && closed && !answering) return new StaleConnectionError(message, { cause });
  return new ConnectionError(message, { cause });
}
