import { fileURLToPath } from 'node:url';
import { command } from './command.ts';
import { type Running, start } from './processes.ts';
import type { Secrets } from './running-task.ts';
import type { Host } from './vpc.ts';

const [pdp, policies] = ['bin/pdp.ts', 'pdp-container/policies'].map((path) =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url)),
) as [string, string];

/** The port of the PDP, as the constructs set it. */
const PORT = 7000;

/** `pdp serve` in the network of a host. */
export interface PdpProcess extends Running {
  host: Host;
  /** Requests that it has decided. */
  decisions(): number;
  /** Connections that are open on its side. */
  connections(): Promise<number>;
}

/**
 * Starts `pdp serve` with the sample's policies over TLS, and waits until it is ready.
 *
 * @param options more of its command line
 */
export async function startPdpProcess(
  host: Host,
  { values }: Secrets,
  options: string[],
  defer: (undo: () => unknown) => void,
): Promise<PdpProcess> {
  const listen = ['--host', host.address, '--port', `${PORT}`, '--opa-port', 'off', '--drain-seconds', '0'];
  const inside = ['netns', 'exec', host.namespace, process.execPath, pdp, 'serve', policies];
  const running = start('ip', [...inside, ...listen, ...options], values);
  defer(() => running.stop());
  await running.line((line) => line.includes('"revision active"'));
  return {
    ...running,
    host,
    decisions: () => running.lines.filter((line) => line.includes('"msg":"decision"')).length,
    async connections() {
      const filter = ['state', 'established', 'sport', '=', `:${PORT}`];
      const { stdout } = await command('ip', ['netns', 'exec', host.namespace, 'ss', '-Htn', ...filter]);
      return stdout.split('\n').filter((line) => line !== '').length;
    },
  };
}
