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
 * @param hosts addresses by name, all in 10.20.0.0/16
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

/** As a security group would: lets in what is named and the answers to it, and starts nothing outwards. */
export async function allowOnly(host: Host, from: Host, port: number): Promise<void> {
  const rules = [
    ['-P', 'INPUT', 'DROP'],
    ['-P', 'OUTPUT', 'DROP'],
    ['-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT'],
    ['-A', 'OUTPUT', '-o', 'lo', '-j', 'ACCEPT'],
    ['-A', 'INPUT', '-p', 'tcp', '-s', from.address, '--dport', String(port), '-j', 'ACCEPT'],
    ['-A', 'OUTPUT', '-p', 'tcp', '--sport', String(port), '-j', 'ACCEPT'],
  ];
  for (const rule of rules) await command('ip', ['netns', 'exec', host.namespace, 'iptables', '-w', ...rule]);
}
