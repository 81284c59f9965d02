import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON. */
  json: unknown;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is when a string or bytes, else as JSON. */
  body?: unknown;
  /** More for `node:http`, such as `ca` or `agent`. */
  options?: RequestOptions & { ca?: string };
}

/** Sends one request on a connection of its own and reads the whole answer. */
export function call(
  base: string,
  path: string,
  { method, headers, body, options }: Call = {},
): Promise<Answer> {
  const payload =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = (base.startsWith('https:') ? httpsRequest : httpRequest)(
      `${base}${path}`,
      {
        agent: false,
        method: method ?? (payload === undefined ? 'GET' : 'POST'),
        headers: {
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...options,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            get json(): unknown {
              return JSON.parse(text);
            },
          });
        });
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}

/** Sends bytes on a bare connection and resolves with all that comes back until the server closes it. */
export function exchange(base: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => {
      received += data;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

export const EVALUATION = '/access/v1/evaluation';
export const EVALUATIONS = '/access/v1/evaluations';
export const SEARCH_SUBJECT = '/access/v1/search/subject';
export const SEARCH_RESOURCE = '/access/v1/search/resource';
export const SEARCH_ACTION = '/access/v1/search/action';

/** An evaluation of the certification fixture. */
export function ask(user: string, action: string, record: string): Record<string, unknown> {
  return {
    subject: { type: 'user', id: user },
    action: { name: action },
    resource: { type: 'record', id: record },
  };
}
