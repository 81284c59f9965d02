import { randomBytes } from 'node:crypto';
import { type Answer, type AskOptions, ask, freePort } from './http.ts';
import type { PdpImage } from './pdp-image.ts';

/** As locked down as the task definition of the CDK app, and within its smallest memory. */
export const lockedDown = [
  '--read-only',
  // Fargate's read-only root has no writable /tmp either.
  '--read-only-tmpfs=false',
  ...['--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges'],
  ...['--memory', '512m'],
];

export interface RunningPdp {
  /** The container. */
  name: string;
  /** The key that it asks for. */
  key: string;
  /** Asks a path of it. */
  at(path: string, options?: AskOptions): Promise<Answer>;
}

/** Starts the image on a free port of the loopback interface; it may not be ready yet. */
export async function startPdp(
  { containers, name: image }: PdpImage,
  name: string,
  defer: (undo: () => unknown) => void,
  options: string[] = [],
): Promise<RunningPdp> {
  const port = await freePort();
  const key = randomBytes(24).toString('base64url');
  const env = { PDP_API_KEY: key, PDP_PORT: String(port), PDP_OPA_PORT: 'off', PDP_HOST: '127.0.0.1' };
  const passed = Object.keys(env).flatMap((variable) => ['--env', variable]);
  defer(() => containers.podman(['rm', '--force', '--time', '1', '--ignore', name]));
  const network = ['--network', 'host'];
  const run = ['run', '--detach', '--name', name, ...network, ...lockedDown, ...passed, ...options, image];
  await containers.podman(run, { env });
  return { name, key, at: (path, asked) => ask(`http://127.0.0.1:${port}${path}`, asked) };
}
