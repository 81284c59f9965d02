import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GIT_ENVIRONMENT, GitRepository } from './git-repository.ts';

export interface GitServerOptions {
  /** Asked for as git sends it: Basic, with any user name. @default none is */
  token?: string;
  /** PEM, for HTTPS. @default plain HTTP */
  tls?: { cert: string; key: string };
}

/** What was asked of the server. */
export interface GitRequest {
  method: string;
  /** With the query. */
  path: string;
  authorization: string | undefined;
}

/** A request that a test answers itself. @returns whether it did */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Git over smart HTTP on loopback, by git's own `http-backend` run as CGI. */
export class GitServer {
  readonly requests: GitRequest[] = [];
  /** Stands before the repositories and the token, for faults. */
  intercept: Intercept = () => false;
  readonly #root: string;
  readonly #token: string | undefined;
  readonly #tls: GitServerOptions['tls'];
  readonly #children = new Set<ChildProcess>();
  #server: Server;
  #port = 0;

  private constructor(root: string, { token, tls }: GitServerOptions) {
    this.#root = root;
    this.#token = token;
    this.#tls = tls;
    this.#server = this.#newServer();
  }

  /** Starts one on a free port; it is stopped when the test, or the suite, is done. */
  static async start(options: GitServerOptions = {}): Promise<GitServer> {
    // Only of use within a test of vitest.
    const { temporaryDirectory, whenDone } = await import('./bundles.ts');
    const server = await GitServer.open(await temporaryDirectory(), options);
    whenDone(() => server.stop());
    return server;
  }

  /** Starts one over the repositories of a directory; stopping it is the caller's. */
  static async open(root: string, options: GitServerOptions = {}): Promise<GitServer> {
    const server = new GitServer(root, options);
    await server.resume();
    return server;
  }

  /** Such as `http://127.0.0.1:41234`. */
  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** The address of a repository as `pdp serve` takes it, without what follows `#`. */
  address(name = 'policies'): string {
    return `git+${this.url}/${name}.git`;
  }

  /** A new bare repository, served as `/NAME.git`. */
  repository(name = 'policies'): Promise<GitRepository> {
    return GitRepository.create(join(this.#root, `${name}.git`));
  }

  /** Stops listening and cuts what is under way, as a server that dies. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Listens, again on the same port after {@link stop}. */
  async resume(): Promise<void> {
    this.#server = this.#newServer();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #newServer(): Server {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, path: url, authorization: headers.authorization });
      if (this.intercept(request, response)) return;
      if (!this.#isAllowed(headers.authorization)) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
        return;
      }
      this.answer(request, response);
    };
    return this.#tls === undefined ? createServer(listener) : createTlsServer(this.#tls, listener);
  }

  #isAllowed(authorization: string | undefined): boolean {
    if (this.#token === undefined) return true;
    const sent = /^Basic (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
    const [, password] = Buffer.from(sent, 'base64').toString().split(/:(.*)/s);
    return password === this.#token;
  }

  /** As it would have without {@link intercept}, which may hold a request back. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const child = spawn('git', ['http-backend'], { env: this.#cgi(request) });
    this.#children.add(child);
    child.on('close', () => this.#children.delete(child));
    child.on('error', (error) => response.destroy(error));
    child.stdin.on('error', () => {});
    child.stdout.on('error', () => {});
    response.on('close', () => child.kill('SIGKILL'));
    request.pipe(child.stdin);
    forward(child.stdout, response);
  }

  #cgi(request: IncomingMessage): NodeJS.ProcessEnv {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const { headers } = request;
    return {
      ...GIT_ENVIRONMENT,
      GIT_PROJECT_ROOT: this.#root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: searchParams.toString(),
      REQUEST_METHOD: request.method,
      REMOTE_ADDR: '127.0.0.1',
      CONTENT_TYPE: headers['content-type'],
      CONTENT_LENGTH: headers['content-length'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      GIT_PROTOCOL: [headers['git-protocol']].flat()[0],
    };
  }
}

/** A CGI program's answer: headers, an empty line, the body. */
function forward(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    output.off('data', onData);
    let status = 200;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.appendHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on('data', onData);
  output.on('end', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}
