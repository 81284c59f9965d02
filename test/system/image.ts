import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withCleanup } from './support/cleanup.ts';
import { pdpImage } from './support/pdp-image.ts';

export const title = 'the image: one program, no npm, no shell, not root';

/** The parts of `buildah inspect` that are read. */
interface Inspected {
  Docker: {
    config: {
      User: string;
      Env: string[];
      Entrypoint: string[];
      Cmd: string[];
      ExposedPorts: Record<string, unknown>;
      Volumes?: Record<string, unknown>;
      Healthcheck?: { Test: string[] };
    };
  };
}

export async function run(): Promise<void> {
  const { containers, name } = await pdpImage();

  const inspected = await containers.buildah(['inspect', '--type', 'image', name]);
  const { config } = (JSON.parse(inspected.stdout) as Inspected).Docker;
  assert.equal(config.User, '65532:65532');
  const options = ['--v8-pool-size=1', '--max-semi-space-size=4'];
  assert.deepEqual(config.Entrypoint, ['node', ...options, '/app/pdp.mjs']);
  assert.deepEqual(config.Cmd, ['serve']);
  assert.deepEqual(Object.keys(config.ExposedPorts), ['7000/tcp', '8181/tcp']);
  assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/state']);
  assert.deepEqual(config.Healthcheck?.Test, ['CMD', 'node', '/app/healthcheck.mjs']);
  const env = new Map(config.Env.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  assert.equal(env.get('NODE_ENV'), 'production');
  assert.equal(env.get('PDP_HOST'), '0.0.0.0');
  assert.equal(env.get('PDP_PORT'), '7000');
  assert.equal(env.get('PDP_SOURCE'), '/bundle/bundle.tar.gz');
  assert.equal(env.has('PDP_API_KEY'), false, 'a key is in the image');

  await withCleanup(async (defer) => {
    const { stdout: container } = await containers.buildah(['from', '--pull-never', name]);
    defer(() => containers.buildah(['rm', container.trim()]));
    const { stdout: mounted } = await containers.buildah(['mount', container.trim()]);
    const root = mounted.trim();
    // And what the programs import, with a hash in its name.
    const programs = (await readdir(join(root, 'app'))).filter((name) => !/-[A-Z0-9]{8}\.mjs$/.test(name));
    assert.deepEqual(programs.sort(), [
      'cedar_wasm_bg.wasm',
      'compile-worker.mjs',
      'healthcheck.mjs',
      'pdp.mjs',
    ]);
    assert.deepEqual((await readdir(join(root, 'bundle'))).sort(), ['.keep', 'bundle.tar.gz']);
    const { uid, gid, mode } = await stat(join(root, 'state'));
    assert.deepEqual([uid, gid, mode & 0o777], [65532, 65532, 0o755], 'the state is not the user’s to write');
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const forbidden = /^(npm|npx|corepack|yarn|node_modules|sh|bash|busybox|apt|apt-get)$/;
    const found = entries
      .filter((entry) => forbidden.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    assert.deepEqual(found, []);
  });

  const size = async (image: string): Promise<number> => {
    const { stdout } = await containers.podman(['image', 'inspect', image, '--format', '{{.Size}}']);
    return Number(stdout);
  };
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const [whole, base] = [await size(name), await size((await pdpImage()).base)];
  console.log(
    `        image ${megabytes(whole)}, of which the PDP and its policies ${megabytes(whole - base)}`,
  );
}
