import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';
import { freePort } from './http.ts';
import { start } from './processes.ts';

export interface SshServer {
  port: number;
  /** The file with the private key that it lets in. */
  key: string;
  /** The file with a private key that it does not. */
  strangersKey: string;
  /** Lines of a `known_hosts` by which it is known. */
  knownHosts: string;
}

/** OpenSSH's server on loopback, with a host key of its own. Whoever has the key is this user. */
export async function startSshServer(
  directory: string,
  defer: (undo: () => unknown) => void,
): Promise<SshServer> {
  const file = (name: string) => join(directory, name);
  const [hostKey, key, strangersKey] = [file('host'), file('user'), file('stranger')];
  for (const path of [hostKey, key, strangersKey]) {
    await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path]);
  }
  await writeFile(file('authorized'), await readFile(`${key}.pub`));
  const port = await freePort();
  const settings = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${file('authorized')}`,
    `PidFile ${file('pid')}`,
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'AcceptEnv GIT_PROTOCOL',
    '',
  ];
  await writeFile(file('sshd_config'), settings.join('\n'));
  // Where it puts aside its privileges.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const server = start('/usr/sbin/sshd', ['-D', '-e', '-f', file('sshd_config')]);
  defer(() => server.stop());
  await server.line((line) => line.includes('Server listening'));
  const [type, host] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
  const knownHosts = `[127.0.0.1]:${port} ${type} ${host}`;
  return { port, key, strangersKey, knownHosts };
}
