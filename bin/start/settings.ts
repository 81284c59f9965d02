import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Both processes listen here and nowhere else: they are for one developer's machine. */
export const HOST = '127.0.0.1';

/** The checkout that this file is part of. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm start` is told through the environment. */
export interface StartSettings {
  /** `PDP_SOURCE`: the bundle, a directory or a `.tar.gz`. @default pdp-container/policies */
  source: string;
  /** `PDP_PORT`: where the PDP listens; 0 picks a free one. @default 7766 */
  pdpPort: number;
  /** `PDP_OPA_PORT`: where it answers OPA's REST API; 0 picks a free one, `off` is none. @default 8181 */
  opaPort: number | 'off';
  /** `PORT`: where the sample application listens; 0 picks a free one. @default 3000 */
  appPort: number;
}

/** A mistake of the one who starts it, in one line. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** @throws StartError */
export function parseSettings(env: NodeJS.ProcessEnv): StartSettings {
  const source = env.PDP_SOURCE ? resolve(env.PDP_SOURCE) : resolve(ROOT, 'pdp-container/policies');
  if (!existsSync(source)) throw new StartError(`PDP_SOURCE: ${source} is not there`);
  const pdpPort = parsePort('PDP_PORT', env.PDP_PORT, 7766);
  const appPort = parsePort('PORT', env.PORT, 3000);
  const opaPort =
    env.PDP_OPA_PORT === 'off' ? 'off' : parsePort('PDP_OPA_PORT', env.PDP_OPA_PORT, 8181, ', or off');
  requireApart([
    ['PDP_PORT', pdpPort],
    ['PDP_OPA_PORT', opaPort],
    ['PORT', appPort],
  ]);
  return { source, pdpPort, opaPort, appPort };
}

/** @throws StartError when something listens on one of the ports already */
export async function requireFreePorts({ pdpPort, opaPort, appPort }: StartSettings): Promise<void> {
  await requireFree('PDP_PORT', pdpPort);
  if (opaPort !== 'off') await requireFree('PDP_OPA_PORT', opaPort);
  await requireFree('PORT', appPort);
}

function requireApart(ports: [string, number | 'off'][]): void {
  for (const [name, port] of ports) {
    const [other] = ports.find(([other, taken]) => other !== name && taken === port) ?? [];
    if (other === undefined || port === 0) continue;
    throw new StartError(`${name} and ${other} are both ${port}: give each a port of its own`);
  }
}

function parsePort(name: string, value: string | undefined, fallback: number, or = ''): number {
  if (value === undefined || value === '') return fallback;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (port <= 65_535) return port;
  throw new StartError(`${name} must be a whole number from 0 to 65535${or}`);
}

function requireFree(name: string, port: number): Promise<void> {
  return new Promise((free, reject) => {
    const probe = createServer();
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      const problem = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
      const other = port < 65_535 ? port + 1 : port - 1;
      const advice = `stop what uses it, or choose another: ${name}=${other} npm start`;
      reject(new StartError(`port ${port} on ${HOST} ${problem}: ${advice}`));
    });
    probe.listen(port, HOST, () => probe.close(() => free()));
  });
}
