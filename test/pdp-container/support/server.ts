import type { Clock } from '../../../pdp-container/clock.ts';
import { type RunningServer, type ServeOptions, serve } from '../../../pdp-container/serve.ts';
import { type BundleFiles, bundleDirectory, CERTIFICATION, whenDone } from './bundles.ts';

export type LogRecord = Record<string, unknown> & { msg: string };

export interface TestServer extends RunningServer {
  /** The bundle directory it serves, the first of several. */
  source: string;
  /** What it has logged. */
  records: LogRecord[];
  /** Resolves with the next record, logged already or not, that passes; each is given once for a message. */
  logged(msg: string): Promise<LogRecord>;
}

/** Starts a server on a free port; it is stopped when the test, or the suite, is done. */
export async function startServer(
  options: Partial<ServeOptions> & { bundle?: BundleFiles; clock?: Clock } = {},
): Promise<TestServer> {
  const { bundle = CERTIFICATION, clock, ...rest } = options;
  const source = rest.source ?? (await bundleDirectory(bundle));
  const records: LogRecord[] = [];
  const given = new Map<string, number>();
  const waiting: { msg: string; index: number; resolve(record: LogRecord): void }[] = [];
  const find = (msg: string, index: number) => records.filter((record) => record.msg === msg)[index];
  const log = {
    write(line: string) {
      records.push(JSON.parse(line) as LogRecord);
      for (const wait of waiting) {
        const record = find(wait.msg, wait.index);
        if (record !== undefined) wait.resolve(record);
      }
    },
  };
  const server = await serve({ port: 0, reloadMs: 20, log, ...rest, source }, clock);
  whenDone(() => server.close(0));
  const logged = (msg: string) => {
    const index = given.get(msg) ?? 0;
    given.set(msg, index + 1);
    const record = find(msg, index);
    if (record !== undefined) return Promise.resolve(record);
    return new Promise<LogRecord>((resolve) => waiting.push({ msg, index, resolve }));
  };
  return {
    source: [source].flat()[0] ?? '',
    records,
    logged,
    url: server.url,
    opaUrl: server.opaUrl,
    get revision() {
      return server.revision;
    },
    close: server.close,
  };
}
