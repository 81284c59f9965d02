import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  status: number;
  body: unknown;
}

export interface AskOptions {
  /** Sent as `Authorization: Bearer`. */
  key?: string;
  /** Sent as JSON, with POST. @default a GET */
  body?: unknown;
  /** Milliseconds. @default 10_000 */
  timeout?: number;
}

/** One HTTP request on a connection of its own; the body is parsed where it is JSON. */
export async function ask(url: string, { key, body, timeout = 10_000 }: AskOptions = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      connection: 'close',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('application/json') === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** Tries until it works, for as long as a minute. @throws what the last try threw */
export async function eventually<T>(attempt: () => Promise<T>, milliseconds = 60_000): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await delay(50);
  }
}

/** A port of the loopback interface that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
