import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Longest wait for a PDP's answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** More than any PDP says of itself, in bytes. */
const LONGEST_ANSWER = 1_048_576;

/** One PDP. */
export interface Place {
  /** An address or a name. */
  host: string;
  port: number;
  /** Of its health route. @default /health */
  path?: string;
  /** What the `Host` header says, where that is not the address. */
  authority?: string;
}

/** How a PDP is asked. */
export interface Access {
  key: string | undefined;
  /** The authority (PEM) of the PDPs' certificates, and the name that these are for; undefined asks over HTTP. */
  tls: { ca: string | undefined; servername: string } | undefined;
}

/** What a PDP says of itself. */
export interface Health {
  status: string;
  /** Of all that it decides by. */
  revision: string | null;
  /** The publication that it runs; null where it does not count them. */
  sequence: number | null;
  /** The revisions of its sources, where it tells them. */
  sources: string[];
  /** What is wrong with what it was last offered; null when nothing is. */
  failure: { problemCount: number; problem: string | null } | null;
}

/** Asks a PDP's `/health`, or says in a line why it says nothing. */
export async function askHealth(place: Place, access: Access): Promise<Health | { problem: string }> {
  try {
    const { status, body } = await get(place, access);
    const said = asRecord(JSON.parse(body));
    if (typeof said.status !== 'string') return { problem: `it answered ${status}, not as a PDP does` };
    return {
      status: said.status,
      revision: textOf(said.revision),
      sequence: typeof said.sequence === 'number' ? said.sequence : null,
      sources: listOf(said.sources).flatMap(({ revision }) => textOf(revision) ?? []),
      failure: failureOf(said),
    };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'it did not answer as a PDP does' };
    const { code, message } = error as NodeJS.ErrnoException;
    return { problem: `${place.host}:${place.port} did not answer (${code ?? message})` };
  }
}

/** Problems name policies and data, so that a PDP tells how many there are, and to callers with its key which. */
function failureOf({ lastReload, sources }: Record<string, unknown>): Health['failure'] {
  const { result, problemCount, problems } = asRecord(lastReload);
  const [unread] = listOf(sources).flatMap(({ problem }) => textOf(problem) ?? []);
  if (result !== 'failure') return unread === undefined ? null : { problemCount: 1, problem: unread };
  const [first] = listOf(problems);
  const place = first === undefined ? null : `${first.file}:${first.line}:${first.column}: ${first.message}`;
  return { problemCount: typeof problemCount === 'number' ? problemCount : 1, problem: place };
}

function get(
  { host, port, path = '/health', authority }: Place,
  { key, tls }: Access,
): Promise<{ status: number | undefined; body: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = {
    ...(authority === undefined ? {} : { host: authority }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const options = { host, port, path, headers, signal, agent: false };
  return new Promise((resolve, reject) => {
    const request =
      tls === undefined
        ? httpRequest(options)
        : httpsRequest({
            ...options,
            servername: tls.servername,
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          });
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`not within ${TIMEOUT_MS / 1_000} s`) : error);
    request.on('error', fail);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > LONGEST_ANSWER) request.destroy(new Error('the answer is too long'));
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    request.end();
  });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
