import type { Decision, EvaluateOptions, PolicyDecisionPoint } from '../../engine/contract.ts';
import { PdpError, PdpTimeoutError, PdpUnavailableError } from '../../engine/errors.ts';
import { type Deadline, withDeadline } from '../deadline.ts';
import { acceptBody, isRefusal, parseDecisionBody, parseDecisionsBody } from './answers.ts';
import { apiKeySource } from './api-key.ts';
import { type Asking, ask } from './ask.ts';
import { askInParts, split } from './batch.ts';
import { AttemptTimeoutError } from './exchange.ts';
import { Hedge } from './hedge.ts';
import { isIpAddress } from './lookup.ts';
import type { PdpClientSettings } from './options.ts';
import { traceHeaders } from './trace-headers.ts';
import { batchBody, serialize } from './wire.ts';

/** What a PDP is asked at, and with what patience. */
interface Endpoint {
  url: URL;
  asking: Asking;
}

/** The PDP at the addresses that `asking` has, over AuthZEN's HTTP binding. */
export function remotePdp(
  settings: PdpClientSettings,
  asking: Omit<Asking, 'hedge' | 'attemptTimeoutMs' | 'emit'>,
): PolicyDecisionPoint {
  const { base, attemptTimeoutMs, emit } = settings;
  const apiKey = apiKeySource(settings.apiKey);
  // Each has a hedge of its own: a batch takes longer than a question, and is not slow for that.
  const endpoint = (path: string): Endpoint => ({
    url: new URL(path, base),
    asking: { ...asking, attemptTimeoutMs, emit, hedge: settings.hedge ? new Hedge() : undefined },
  });
  const evaluation = endpoint('access/v1/evaluation');
  const evaluations = endpoint('access/v1/evaluations');
  const host = hostOf(base);
  const fixed = {
    ca: settings.ca,
    maxResponseBytes: settings.maxResponseBytes,
    // An address has no name to tell the server (RFC 6066, section 3).
    servername: base.protocol === 'https:' && !isIpAddress(host) ? host : undefined,
  };

  function within<T>(call: EvaluateOptions, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const timeoutMs = Math.min(settings.timeoutMs, Math.floor(call.timeoutMs ?? settings.timeoutMs));
    return withDeadline(timeoutMs, call.signal, work).catch((error: unknown) => {
      throw unavailable(error, base.origin);
    });
  }

  /** The body of the answer; a key that is refused is read again, and the question asked once more. */
  async function send(
    { url, asking }: Endpoint,
    text: string,
    { requestId }: EvaluateOptions,
    deadline: Deadline,
  ): Promise<string> {
    const body = Buffer.from(text);
    const sendWith = (key: string | undefined) =>
      ask(asking, { ...fixed, url, body, headers: requestHeaders(key, requestId) }, deadline);
    const key = await apiKey.get();
    const answer = await sendWith(key);
    if (!isRefusal(answer.status)) return acceptBody(answer, base.origin);
    apiKey.refused(key);
    // When it cannot be read again, what was wrong first is the better thing to say.
    const next = await apiKey.get().catch(() => key);
    return acceptBody(next === key ? answer : await sendWith(next), base.origin);
  }

  return {
    async evaluate(request, call = {}): Promise<Decision> {
      const text = serialize(request);
      return parseDecisionBody(await within(call, (deadline) => send(evaluation, text, call, deadline)));
    },
    async evaluateAll(requests, call = {}): Promise<Decision[]> {
      const { semantic = 'execute_all' } = call;
      // Without an item there is no part: an empty batch would be read as one evaluation (AuthZEN 1.0, section 7.1).
      const parts = split(requests.map(serialize), settings);
      if (parts.length === 0) return [];
      return within(call, (deadline) =>
        askInParts(parts, semantic, async (part) => {
          const body = await send(evaluations, batchBody(part, semantic), call, deadline);
          return parseDecisionsBody(body, part.length, semantic);
        }),
      );
    },
  };
}

function requestHeaders(key: string | undefined, requestId: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...traceHeaders(),
  };
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  // An id that cannot be a header is left out: it only serves to find the log line.
  if (requestId !== undefined && /^[\x21-\x7e]{1,256}$/.test(requestId)) headers['x-request-id'] = requestId;
  return headers;
}

function unavailable(error: unknown, origin: string): PdpError {
  if (error instanceof PdpTimeoutError || error instanceof AttemptTimeoutError) {
    return new PdpTimeoutError(`PDP at ${origin}: ${error.message}`, { cause: error });
  }
  if (error instanceof PdpError) return error;
  const message = error instanceof Error ? error.message : 'failed';
  return new PdpUnavailableError(`PDP at ${origin}: ${message}`, { cause: error });
}

/** The host as a name or an address, an IPv6 one without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
