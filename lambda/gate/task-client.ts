import type { Decision } from '../../engine/contract.ts';
import type { ExpectedDecision } from '../../engine/expected-decisions.ts';
import { stringifyJson } from '../../engine/lossless-json.ts';
import { parseDecisionsBody } from '../client/answers.ts';
import { type Answer, exchange } from '../client/exchange.ts';

/** How the tasks are asked, each at its own address. */
export interface TaskAccess {
  /** `https:` or `http:`. */
  protocol: string;
  port: number;
  /** The name that the tasks' certificates are for. */
  servername: string;
  /** The authority of these certificates (PEM), when it is not one that Node knows. */
  ca: string | undefined;
  key: string;
}

/** What a task says of itself. */
export interface TaskHealth {
  /** `ready`, or why it is not. */
  status: string;
  revision: string | undefined;
}

/** Milliseconds for one answer. */
const TIMEOUT_MS = 10_000;

/** More than a hundred decisions take, in bytes. */
const LONGEST_ANSWER = 4 * 2 ** 20;

/** The questions of one request: far below what a server takes by default, 1,000 and 1 MiB. */
const BATCH = { items: 100, bytes: 262_144 };

/** One task of the PDP. */
export class TaskClient {
  readonly #base: URL;
  readonly #access: TaskAccess;

  constructor(address: string, access: TaskAccess) {
    const host = address.includes(':') ? `[${address}]` : address;
    this.#base = new URL(`${access.protocol}//${host}:${access.port}/`);
    this.#access = access;
  }

  /** @throws ConnectionError, or an Error for what is no PDP's answer */
  async health(): Promise<TaskHealth> {
    const { status, body } = await this.#send('health', undefined);
    const { status: said, revision } = parseObject(body);
    if (typeof said !== 'string') throw new Error(`/health answered ${status}, not as a PDP does`);
    return { status: said, revision: typeof revision === 'string' ? revision : undefined };
  }

  /** Decisions in the order of the questions. @throws ConnectionError, or an Error for any answer but theirs */
  async decide(questions: readonly ExpectedDecision[]): Promise<Decision[]> {
    const decisions: Decision[] = [];
    for (const batch of batches(questions)) {
      const body = `{"evaluations":[${batch.join(',')}],"options":{"evaluations_semantic":"execute_all"}}`;
      const answer = await this.#send('access/v1/evaluations', Buffer.from(body));
      if (answer.status === 401) throw new Error('it refuses the key (401)');
      if (answer.status !== 200) throw new Error(`/access/v1/evaluations answered ${answer.status}`);
      decisions.push(...parseDecisionsBody(answer.body, batch.length, 'execute_all'));
    }
    return decisions;
  }

  #send(path: string, body: Buffer | undefined): Promise<Answer> {
    const { protocol, servername, ca, key } = this.#access;
    return exchange({
      url: new URL(path, this.#base),
      agent: false,
      ca,
      ...(protocol === 'https:' ? { servername } : {}),
      headers: {
        authorization: `Bearer ${key}`,
        'x-request-id': 'deployment-gate',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: LONGEST_ANSWER,
      signal: NEVER,
    });
  }
}

/** The time-out alone ends a request. */
const NEVER = new AbortController().signal;

function* batches(questions: readonly ExpectedDecision[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const { request } of questions) {
    const text = stringifyJson(request);
    const size = Buffer.byteLength(text);
    if (batch.length === BATCH.items || (batch.length > 0 && bytes + size > BATCH.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(text);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
