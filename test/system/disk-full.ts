import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { table } from '../lambda/client/tables.ts';
import { startBundleServer } from '../pdp-container/support/bundle-server.ts';
import { withCleanup } from './support/cleanup.ts';
import { command } from './support/command.ts';
import { ask, eventually } from './support/http.ts';
import { start } from './support/processes.ts';

export const title = 'a disk that is full: the next revision serves, the copy of the one before stays whole';

const pdp = fileURLToPath(new URL('../../bin/pdp.ts', import.meta.url));
const document = fileURLToPath(new URL('../../docs/delivery-faults.md', import.meta.url));

interface Health {
  revision: string;
  kept: boolean;
  keepProblem?: string;
}

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const row = table(await readFile(document, 'utf8'), 'The copy on disk, and the process').find(
      ({ Fault }) => Fault === 'The disk is full',
    );
    const disk = await mkdtemp(join(tmpdir(), 'pdp-disk-'));
    defer(() => rm(disk, { recursive: true }));
    await command('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    defer(() => command('umount', [disk]));
    const server = await startBundleServer();
    defer(() => server.close());
    server.publish(await archive('alice', 0));

    const serve = async () => {
      const options = ['--port', '0', '--opa-port', 'off', '--drain-seconds', '0', '--refresh-interval', '1'];
      const running = start(process.execPath, [pdp, 'serve', server.url, '--state-dir', disk, ...options]);
      defer(() => running.stop());
      const line = await running.line((text) => text.includes('"listening"'));
      const { url } = JSON.parse(line) as { url: string };
      return { running, health: async () => (await ask(`${url}/health`)).body as Health };
    };
    const first = await serve();
    const { revision } = await eventually(async () => {
      const health = await first.health();
      assert.ok(health.revision);
      await readFile(join(disk, 'kept/kept.json'));
      return health;
    });

    // More than there is left: the write begins, and ends in the middle.
    server.publish(await archive('bob', 400_000));
    const full = await eventually(async () => {
      const health = await first.health();
      assert.ok(health.keepProblem);
      return health;
    });
    assert.notEqual(full.revision, revision);
    assert.equal(`\`${full.keepProblem}\``, row?.Problem);

    await first.running.stop();
    server.down();
    const second = await serve();
    await eventually(async () => {
      const health = await second.health();
      assert.deepEqual([health.kept, health.revision], [true, revision]);
    });
  });
}

/** A bundle that lets one user in, with as many bytes beside it that cannot be packed. */
async function archive(user: string, padding: number): Promise<Uint8Array> {
  const files = {
    'p.cedar': Buffer.from(`@id("only")\npermit(principal == user::"${user}", action, resource);\n`),
    'notes.bin': randomBytes(padding),
  };
  const entries = Object.entries(files).map(([name, body]) => ({
    header: { name, size: body.length },
    body,
  }));
  return gzipSync(await packTar(entries));
}
