import type { AccessRequest, Decision } from '../../engine/index.ts';
import { UsageError } from './exit.ts';

/** Longest wait for a PDP's answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Asks a running PDP (AuthZEN 1.0, section 6). @throws UsageError when it gives no decision */
export async function askRemote(base: string, request: AccessRequest): Promise<Decision> {
  const key = process.env.PDP_API_KEY;
  const url = evaluationUrl(base);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
    body: JSON.stringify(request),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error & { cause?: { code?: string } }) => {
    throw new UsageError(`--url: no answer from ${url.origin} (${error.cause?.code ?? error.name})`);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isDecision(body)) return body;
  const told = (body as { error?: { message?: unknown } } | undefined)?.error?.message;
  const hint =
    response.status === 401 ? ': set PDP_API_KEY to its key' : typeof told === 'string' ? `: ${told}` : '';
  throw new UsageError(`--url: ${url.origin} answered ${response.status}${hint}`);
}

function evaluationUrl(base: string): URL {
  const url = URL.parse(`${base.replace(/\/+$/, '')}/access/v1/evaluation`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--url: "${base}" is not an http or https URL, such as http://127.0.0.1:7766`);
  }
  return url;
}

function isDecision(body: unknown): body is Decision {
  return typeof body === 'object' && body !== null && typeof (body as Decision).decision === 'boolean';
}
