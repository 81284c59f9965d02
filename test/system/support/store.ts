import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './processes.ts';
import type { StoreOrder } from './store-process.ts';
import type { Host } from './vpc.ts';

const program = fileURLToPath(new URL('store-process.ts', import.meta.url));

export interface RunningStore {
  /** The variables by which the AWS SDK finds it. */
  env: Record<string, string>;
  /** How often the object was asked for. */
  reads(): number;
  /** Puts an archive where `s3://policies/bundle.tar.gz` is. */
  put(archive: Uint8Array): Promise<void>;
  obey(order: StoreOrder): Promise<void>;
}

/** Starts a store on the loopback interface of a host. */
export async function startStore(host: Host, defer: (undo: () => unknown) => void): Promise<RunningStore> {
  const directory = await mkdtemp(join(tmpdir(), 'pdp-store-'));
  defer(() => rm(directory, { recursive: true, force: true }));
  const running = start('ip', ['netns', 'exec', host.namespace, process.execPath, program]);
  defer(() => running.stop());
  const first = await running.line((line) => line.startsWith('{'));
  let orders = 0;
  const obey = async (order: StoreOrder): Promise<void> => {
    orders += 1;
    const mine = orders;
    running.write(`${JSON.stringify(order)}\n`);
    const done = () => running.lines.filter((line) => line === 'done').length;
    await running.line(() => done() >= mine);
  };
  return {
    env: (JSON.parse(first) as { env: Record<string, string> }).env,
    reads: () => running.lines.filter((line) => line === 'read').length,
    obey,
    async put(archive) {
      const file = join(directory, 'bundle.tar.gz');
      await writeFile(file, archive);
      await obey({ order: 'put', file });
    },
  };
}
