import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** How an invocation ended. */
export type Outcome = { response: unknown } | { error: unknown };

/**
 * Lambda's Runtime API for one function: what the runtime client asks for the next event and tells the result.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface RuntimeApi {
  /** Where it listens: host and port. */
  address: string;
  /** Gives the function an event, once it asks for one. @throws Error when the function could not start */
  invoke(event: unknown): Promise<Outcome>;
  /** Resolves when the function waits for an event: Lambda may freeze it from here on. @throws Error as `invoke` */
  idle(): Promise<void>;
  close(): void;
}

interface Invocation {
  id: string;
  event: unknown;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

const VERSION = '/2018-06-01/runtime';

/** Seconds that an invocation may take, as the runtime is told. */
const TIMEOUT_SECONDS = 10;

/** @param host the address to listen on */
export async function startRuntimeApi(host: string): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const running = new Map<string, Invocation>();
  const watching: { resolve(): void; reject(error: Error): void }[] = [];
  let idle: ServerResponse | undefined;
  let broken: Error | undefined;
  let count = 0;

  const give = () => {
    if (idle === undefined || waiting.length === 0) return;
    const invocation = waiting.shift() as Invocation;
    running.set(invocation.id, invocation);
    idle.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': `${Date.now() + TIMEOUT_SECONDS * 1000}`,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:123456789012:function:under-test',
    });
    idle.end(JSON.stringify(invocation.event));
    idle = undefined;
  };

  const end = (id: string, outcome: Outcome): boolean => {
    const invocation = running.get(id);
    running.delete(id);
    invocation?.resolve(outcome);
    return invocation !== undefined;
  };

  const server = createServer(async (request, response) => {
    const path = request.url?.slice(VERSION.length) ?? '';
    const body = await bodyOf(request);
    if (request.method === 'GET' && path === '/invocation/next') {
      idle = response;
      give();
      if (idle !== undefined) for (const { resolve } of watching.splice(0)) resolve();
      return;
    }
    const [, id = '', result] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (path === '/init/error') {
      broken = new Error(`the function could not start: ${body}`);
      for (const { reject } of [...waiting.splice(0), ...watching.splice(0)]) reject(broken);
    } else if (!end(id, result === 'response' ? { response: parsed(body) } : { error: parsed(body) })) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the Runtime API has no port');
  return {
    address: `${host}:${address.port}`,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        count += 1;
        waiting.push({
          id: `00000000-0000-4000-8000-${`${count}`.padStart(12, '0')}`,
          event,
          resolve,
          reject,
        });
        give();
      }),
    idle: () =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) reject(broken);
        else if (idle !== undefined) resolve();
        else watching.push({ resolve, reject });
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(body: string): unknown {
  return body === '' ? undefined : JSON.parse(body);
}
