import type { Clock } from './clock.ts';
import type { ServeOptions } from './options.ts';
import { PdpServer } from './server.ts';

export { ListenError } from './listen.ts';
export type {
  DecisionLogMode,
  Limits,
  LogDestination,
  ServeOptions,
  TlsOptions,
} from './options.ts';
export { DEFAULT_LIMITS } from './options.ts';

/** A PDP server that listens. */
export interface RunningServer {
  /** Where it answers, such as `http://127.0.0.1:7000`, with the port that was picked. */
  readonly url: string;
  /** The same of the OPA port; `undefined` without one. */
  readonly opaUrl: string | undefined;
  /** The active revision; `undefined` until one is. */
  readonly revision: string | undefined;
  /**
   * Stops: unready at once, goes on answering for the drain time, then waits for requests under way.
   *
   * @param drainMs milliseconds to go on answering @default 0
   */
  close(drainMs?: number): Promise<void>;
}

/**
 * Starts a PDP server in this process and resolves once it listens and has tried to load its source. A source
 * that is not valid leaves it up and unready; it becomes ready when the source does.
 *
 * @throws ConfigurationError when an option is wrong or the source is not there
 * @throws ListenError when the address cannot be listened on
 * @example
 * const server = await serve({ source: 'policies', port: 0 });
 * await fetch(`${server.url}/ready`);
 * await server.close();
 */
export async function serve(options: ServeOptions, clock?: Clock): Promise<RunningServer> {
  const server = new PdpServer(options, clock);
  try {
    await server.start();
  } catch (error) {
    await server.close(0);
    throw error;
  }
  return {
    url: server.url,
    opaUrl: server.opaUrl,
    get revision() {
      return server.active.revision;
    },
    close: (drainMs = 0) => server.close(drainMs),
  };
}
