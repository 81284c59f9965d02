import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';

/** A host in a private network: a network namespace with one address. */
export interface Host {
  /** Name of its network namespace. */
  namespace: string;
  address: string;
}

/**
 * Makes a private network of this process only: hosts behind one bridge, with no way out of it.
 *
 * @param hosts addresses by name, all in one /16
 */
export async function openVpc<Name extends string>(
  hosts: Record<Name, string>,
  defer: (undo: () => unknown) => void,
): Promise<Record<Name, Host>> {
  const prefix = `pdp${process.pid}`;
  const ip = (...args: string[]) => command('ip', args);
  const addNamespace = async (name: string): Promise<string> => {
    const namespace = `${prefix}-${name}`;
    await ip('netns', 'add', namespace);
    defer(() => ip('netns', 'delete', namespace));
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return namespace;
  };
  const network = await addNamespace('net');
  await ip('-n', network, 'link', 'add', 'bridge', 'type', 'bridge');
  await ip('-n', network, 'link', 'set', 'bridge', 'up');

  const made: [string, Host][] = [];
  for (const [name, address] of Object.entries<string>(hosts)) {
    const namespace = await addNamespace(name);
    const port = `port${made.length}`;
    await ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', network);
    await ip('-n', network, 'link', 'set', port, 'master', 'bridge', 'up');
    await ip('-n', namespace, 'address', 'add', `${address}/16`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    made.push([name, { namespace, address }]);
  }
  return Object.fromEntries(made) as Record<Name, Host>;
}

/** Takes a host off the network, so that what is sent to it and by it is lost without a word, or puts it back. */
export async function plug(host: Host, state: 'off' | 'on'): Promise<void> {
  await command('ip', ['-n', host.namespace, 'link', 'set', 'eth0', state === 'on' ? 'up' : 'down']);
}

/** Names that a host resolves, as private DNS of the VPC would: in `/etc/hosts` of its namespace alone. */
export async function resolveNames(
  host: Host,
  names: Readonly<Record<string, string | readonly string[]>>,
  defer: (undo: () => unknown) => void,
): Promise<void> {
  const directory = join('/etc/netns', host.namespace);
  await mkdir(directory, { recursive: true });
  defer(() => rm(directory, { recursive: true, force: true }));
  const lines = Object.entries({ localhost: '127.0.0.1', ...names }).flatMap(([name, to]) =>
    [to].flat().map((address) => `${address} ${name}\n`),
  );
  await writeFile(join(directory, 'hosts'), lines.join(''));
  // No name is asked for outside.
  await writeFile(join(directory, 'resolv.conf'), '');
}
