import type { Agent, IncomingMessage } from 'node:http';
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

/**
 * Sends the body and reads the whole answer. Follows no redirect.
 *
 * @throws ConnectionError, also when `timeoutMs` is over
 * @throws AnswerTooLongError
 */
export function exchange(options: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request: send } = options.url.protocol === 'https:' ? https() : http();
    const request = send(options.url, requestOptions(options));
    const giveUp = (error: ConnectionError) => {
      fail(error);
      request.destroy();
    };
    const { timeoutMs } = options;
    const timeUp = () => giveUp(new AttemptTimeoutError(`no answer within ${timeoutMs} ms`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(timeUp, timeoutMs);
    const onAbort = () => giveUp(new ConnectionError('given up'));
    options.signal.addEventListener('abort', onAbort, { once: true });
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (error: Error) =>
      finish(() => reject(error instanceof AnswerTooLongError ? error : connectionError(error)));

    request.on('error', fail);
    request.on('response', (response) => {
      readBody(response, options.maxResponseBytes).then(
        (body) => finish(() => resolve({ status: response.statusCode ?? 0, body })),
        (error: Error) => {
          response.destroy();
          fail(error);
        },
      );
    });
    request.end(options.body);
  });
}

function requestOptions({ body, agent, headers, ca, servername }: Exchange): HttpsRequestOptions {
  return {
    method: body === undefined ? 'GET' : 'POST',
    agent,
    headers: body === undefined ? headers : { ...headers, 'content-length': String(body.length) },
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { servername }),
  };
}

async function readBody(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new AnswerTooLongError(`the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function connectionError(cause: Error): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  // Several addresses were tried: Node's AggregateError has an empty message but a code.
  const message =
    cause.message !== '' ? cause.message : String((cause as NodeJS.ErrnoException).code ?? 'failed');
  return new ConnectionError(message, { cause });
}
