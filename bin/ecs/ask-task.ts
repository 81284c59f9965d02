import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { UsageError } from '../terminal/exit.ts';
import type { TaskStatus } from './tasks.ts';

/** Longest wait for a task's answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** More than any task says of itself, in bytes. */
const LONGEST_ANSWER = 1_048_576;

/** How tasks are asked at their private addresses. */
export interface TaskAccess {
  key: string | undefined;
  /** The authority (PEM) of the tasks' certificates, and the name that these are for; undefined asks over HTTP. */
  tls: { ca: string | undefined; servername: string } | undefined;
}

/** What a task says of itself, or why it says nothing. */
export type TaskAnswer = { status: string; revision: string | null } | { problem: string };

/**
 * Reads how tasks are asked: as functions ask the service, by `PDP_URL`, `PDP_CA` and `PDP_API_KEY`.
 *
 * @throws UsageError when they do not fit together
 */
export function taskAccess(env: NodeJS.ProcessEnv): TaskAccess {
  const [address, ca, key] = [env.PDP_URL, env.PDP_CA, env.PDP_API_KEY].map((value) => value || undefined);
  if (address === undefined && ca !== undefined) {
    throw new UsageError(
      "--ask: PDP_CA is set and PDP_URL is not; its host is the name in the tasks' certificates",
    );
  }
  if (address === undefined) return { key, tls: undefined };
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('--ask: PDP_URL is not an http or https URL, such as https://api.pdp.internal:7000');
  }
  if (url.protocol === 'http:' && ca !== undefined) {
    throw new UsageError('--ask: PDP_CA is set but PDP_URL is http; make it https');
  }
  return { key, tls: url.protocol === 'https:' ? { ca, servername: url.hostname } : undefined };
}

/** Asks a task's `/health` where it listens. Works from where the tasks can be reached: from inside their network. */
export async function askTask({ address, port }: TaskStatus, access: TaskAccess): Promise<TaskAnswer> {
  if (address === null) return { problem: 'it has no private address yet' };
  try {
    const { status, body } = await get(address, port, access);
    const { status: said, revision } = asRecord(JSON.parse(body));
    if (typeof said !== 'string') return { problem: `it answered ${status}, not as a PDP does` };
    return { status: said, revision: typeof revision === 'string' ? revision : null };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'it did not answer as a PDP does' };
    const { code, message } = error as NodeJS.ErrnoException;
    return { problem: `${address}:${port} did not answer (${code ?? message})` };
  }
}

function get(
  host: string,
  port: number,
  { key, tls }: TaskAccess,
): Promise<{ status: number | undefined; body: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const options = { host, port, path: '/health', headers, signal, agent: false };
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

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
