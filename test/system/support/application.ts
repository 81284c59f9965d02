import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that got to the application. */
export interface Reached {
  method: string;
  url: string;
  headers: NodeJS.Dict<string[]>;
  digest: string;
}

/** An application that keeps what gets to it. */
export interface Application {
  port: number;
  /** Since this was last asked. */
  reached(): Reached[];
  stop(): void;
}

export async function startApplication(): Promise<Application> {
  const got: Reached[] = [];
  const server = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => {
      const { method = '', url = '', headersDistinct } = request;
      got.push({ method, url, headers: headersDistinct, digest: hash.digest('hex') });
      response.end('from the application');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    reached: () => got.splice(0),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
