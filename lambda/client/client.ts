import type {
  AccessRequest,
  Decision,
  EvaluateAllOptions,
  EvaluateOptions,
  PolicyDecisionPoint,
} from '../../engine/contract.ts';
import {
  InvalidRequestError,
  PdpAuthenticationError,
  PdpError,
  PdpTimeoutError,
  PdpUnavailableError,
} from '../../engine/errors.ts';
import { type Deadline, withDeadline } from '../deadline.ts';
import { parseDecisionBody, parseDecisionsBody, parseProblem } from './answers.ts';
import { apiKeySource } from './api-key.ts';
import { type Answer, AttemptTimeoutError, ConnectionError, exchange } from './exchange.ts';
import { http, https } from './node-http.ts';
import { type PdpClientOptions, parseClientOptions } from './options.ts';
import { traceHeaders } from './trace-headers.ts';

/** A PDP on the other side of a network, and the connections to it. */
export interface PdpClient extends PolicyDecisionPoint {
  /** Closes the connections that are open; the client stays usable and opens new ones. */
  close(): void;
}

/** Answers of a server that is draining, or of a balancer with no server behind it: another may answer. */
const ASK_ANOTHER = new Set([502, 503, 504]);

/**
 * A client for a PDP that speaks AuthZEN 1.0 over HTTP. It keeps connections alive, and asks a second time on a
 * new connection when the first attempt got no answer: a decision has no side effect, so asking twice is sound.
 *
 * @example
 * const pdp = createPdpClient({ url: 'http://pdp.internal:7000' });
 * const { decision } = await pdp.evaluate({
 *   subject: { type: 'User', id: 'alice' }, action: { name: 'view' }, resource: { type: 'Note', id: 'acme/roadmap' },
 * });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function createPdpClient(options: PdpClientOptions): PdpClient {
  const settings = parseClientOptions(options);
  const { base, ca } = settings;
  const agentOptions = { keepAlive: true, maxSockets: settings.maxConnections };
  const agent = new (base.protocol === 'https:' ? https() : http()).Agent(agentOptions);
  const apiKey = apiKeySource(settings.apiKey);

  async function ask(
    path: string,
    question: unknown,
    { signal, requestId }: EvaluateOptions,
  ): Promise<Answer> {
    const body = serialize(question);
    return withDeadline(settings.timeoutMs, signal, async (deadline) => {
      const headers = requestHeaders(await apiKey.get(), requestId);
      const attempt = async (own: typeof agent | false, within: Deadline) => {
        // After the deadline nobody waits for an answer any more.
        within.signal.throwIfAborted();
        return exchange({
          url: new URL(path, base),
          agent: own,
          ca,
          headers,
          body,
          timeoutMs: settings.attemptTimeoutMs < within.remaining() ? settings.attemptTimeoutMs : undefined,
          maxResponseBytes: settings.maxResponseBytes,
          signal: within.signal,
        });
      };
      const first = await attempt(agent, deadline).catch(retryable);
      if (!(first instanceof ConnectionError) && !ASK_ANOTHER.has(first.status)) return first;
      // A connection of its own: the kept ones may all lead to the server that has just gone.
      return attempt(false, deadline);
    }).catch((error: unknown) => {
      throw unavailable(error, base);
    });
  }

  function accept(answer: Answer): string {
    if (answer.status === 401 || answer.status === 403) apiKey.refused();
    return acceptBody(answer, base);
  }

  return {
    async evaluate(request: AccessRequest, call: EvaluateOptions = {}): Promise<Decision> {
      return parseDecisionBody(accept(await ask('access/v1/evaluation', wireRequest(request), call)));
    },
    async evaluateAll(requests: AccessRequest[], call: EvaluateAllOptions = {}): Promise<Decision[]> {
      // An empty batch would be read as a single evaluation (AuthZEN 1.0, section 7.1).
      if (requests.length === 0) return [];
      const semantic = call.semantic ?? 'execute_all';
      const question = {
        evaluations: requests.map(wireRequest),
        options: { evaluations_semantic: semantic },
      };
      const body = accept(await ask('access/v1/evaluations', question, call));
      return parseDecisionsBody(body, requests.length, semantic);
    },
    close: () => agent.destroy(),
  };
}

/** Only what the protocol knows is sent, whatever else the object may hold. */
function wireRequest({ subject, action, resource, context }: AccessRequest) {
  return { subject, action, resource, context };
}

function serialize(question: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(question));
  } catch (cause) {
    throw Object.assign(new InvalidRequestError('', 'the request cannot be written as JSON'), { cause });
  }
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

function retryable(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  throw error;
}

function unavailable(error: unknown, base: URL): PdpError {
  if (error instanceof PdpTimeoutError || error instanceof AttemptTimeoutError) {
    return new PdpTimeoutError(`PDP at ${base.origin}: ${error.message}`, { cause: error });
  }
  if (error instanceof PdpError) return error;
  const message = error instanceof Error ? error.message : 'failed';
  return new PdpUnavailableError(`PDP at ${base.origin}: ${message}`, { cause: error });
}

function acceptBody({ status, body }: Answer, base: URL): string {
  if (status === 200) return body;
  if (status === 400) {
    const problem = parseProblem(body);
    throw new InvalidRequestError('', problem ?? 'the PDP cannot evaluate the request (400)');
  }
  if (status === 401 || status === 403) {
    throw new PdpAuthenticationError(`PDP at ${base.origin} refused the key (${status}); check PDP_API_KEY`);
  }
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  throw new PdpUnavailableError(`PDP at ${base.origin} answered ${status}${redirect}`);
}
