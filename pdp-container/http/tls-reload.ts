import type { Server as HttpServer } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { TlsOptions } from '../options.ts';
import { fileFingerprint } from '../source/fingerprint.ts';
import { look, type Watch, watch } from '../source/watch.ts';
import { isPem, readCredentials } from './tls.ts';

/** How often the files are looked at, in milliseconds. */
const LOOK_MS = 1_000;

/**
 * Takes a renewed certificate into use for new connections. One that is not good leaves the last good one. What was
 * given as text stays as it is.
 */
export class CertificateWatch {
  readonly #servers: readonly HttpServer[];
  readonly #options: TlsOptions;
  readonly #logger: Logger;
  #watch: Watch | undefined;

  constructor(servers: readonly HttpServer[], options: TlsOptions, logger: Logger) {
    this.#servers = servers;
    this.#options = options;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const files = filesOf(this.#options);
    if (files.length === 0) return;
    const fingerprint = async () => (await Promise.all(files.map(fileFingerprint))).join('\n');
    this.#watch = watch(await look(fingerprint), fingerprint, () => this.#reload(), LOOK_MS);
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
  }

  async #reload(): Promise<void> {
    try {
      const credentials = await readCredentials(this.#options);
      for (const server of this.#servers) {
        if (server instanceof TlsServer) {
          server.setSecureContext({ ...credentials, minVersion: 'TLSv1.2' });
        }
      }
      this.#logger.info({ files: filesOf(this.#options) }, 'certificate renewed');
    } catch (error) {
      this.#logger.error({ problem: (error as Error).message }, 'certificate not renewed');
    }
  }
}

function filesOf({ cert, key }: TlsOptions): string[] {
  return [cert, key].filter((value) => !isPem(value));
}
