import type { Server as HttpServer } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { TlsFiles } from '../options.ts';
import { fileFingerprint } from '../source/fingerprint.ts';
import { look, type Watch, watch } from '../source/watch.ts';
import { readCredentials } from './tls.ts';

/** How often the files are looked at, in milliseconds. */
const LOOK_MS = 1_000;

/** Takes a renewed certificate into use for new connections. One that is not good leaves the last good one. */
export class CertificateWatch {
  readonly #servers: readonly HttpServer[];
  readonly #files: TlsFiles;
  readonly #logger: Logger;
  #watch: Watch | undefined;

  constructor(servers: readonly HttpServer[], files: TlsFiles, logger: Logger) {
    this.#servers = servers;
    this.#files = files;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const fingerprint = async () =>
      `${await fileFingerprint(this.#files.cert)}\n${await fileFingerprint(this.#files.key)}`;
    this.#watch = watch(await look(fingerprint), fingerprint, () => this.#reload(), LOOK_MS);
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
  }

  async #reload(): Promise<void> {
    try {
      const credentials = await readCredentials(this.#files);
      for (const server of this.#servers) {
        if (server instanceof TlsServer) {
          server.setSecureContext({ ...credentials, minVersion: 'TLSv1.2' });
        }
      }
      this.#logger.info({ certificate: this.#files.cert }, 'certificate renewed');
    } catch (error) {
      this.#logger.error({ problem: (error as Error).message }, 'certificate not renewed');
    }
  }
}
