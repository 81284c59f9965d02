import type { ServeOptions } from '../../../pdp-container/serve.ts';
import { type LogRecord, startServer } from '../support/server.ts';
import { startServerProcess } from '../support/server-process.ts';

/** How often sources are asked, in milliseconds. */
export const REFRESH_MS = 50;

/** A PDP, in this process or in one of its own. */
export interface Pdp {
  readonly url: string;
  records(): readonly LogRecord[];
  /** Ends it in order, or there and then. */
  stop(how?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export async function pdpHere(options: Partial<ServeOptions>): Promise<Pdp> {
  const { url, records, close } = await startServer({ refreshMs: REFRESH_MS, ...options });
  return { url, records: () => records, stop: () => close(0) };
}

/** @param fileBlocks most that a file may grow to, as on a disk that takes no more */
export async function pdpProcess(
  { source = [], stateDir = '' }: Partial<Pick<ServeOptions, 'source' | 'stateDir'>>,
  env: Record<string, string>,
  fileBlocks?: number,
): Promise<Pdp> {
  const own = ['--port', '0', '--state-dir', stateDir, '--refresh-interval', '1', '--drain-seconds', '0'];
  const args = [...[source].flat(), ...own];
  const { child, records, logged, ended } = startServerProcess(args, env, undefined, fileBlocks);
  const { url } = await logged('listening');
  return {
    url: String(url),
    records,
    stop: async (how = 'SIGTERM') => {
      child.kill(how);
      await ended;
    },
  };
}
