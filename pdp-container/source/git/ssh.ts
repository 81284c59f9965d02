import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../../engine/index.ts';
import { reasonOf } from '../../errno.ts';

/** What ssh proves itself with, and by what it knows the host. */
export interface SshFiles {
  /** A private key in OpenSSH's or PEM form, without a passphrase. */
  key: string;
  /** Lines of a `known_hosts`. */
  knownHosts: string;
}

const VARIABLES = { key: 'PDP_GIT_SSH_KEY', knownHosts: 'PDP_GIT_KNOWN_HOSTS' } as const;

/**
 * Reads both from the environment: each names a file, or is its text, as a secret that a task is started with is.
 *
 * @throws ConfigurationError when one is missing or cannot be read
 */
export async function readSshFiles(source: string, environment: NodeJS.ProcessEnv): Promise<SshFiles> {
  const read = async (name: string, isText: (value: string) => boolean) => {
    const value = environment[name] ?? '';
    if (value === '') {
      throw new ConfigurationError(
        `source '${source}' needs ${VARIABLES.key} and ${VARIABLES.knownHosts}: a private key and a known_hosts, each a file or its text`,
      );
    }
    if (isText(value)) return value;
    try {
      return await readFile(value, 'utf8');
    } catch (error) {
      // What is no file may be a key in another form, such as base64.
      const what =
        name === VARIABLES.key ? 'is neither the text of a key nor a file:' : `'${value}' cannot be read:`;
      throw new ConfigurationError(`${name} ${what} ${reasonOf(error)}`);
    }
  };
  const key = await read(VARIABLES.key, (value) => value.includes('-----BEGIN'));
  if (!key.includes('-----BEGIN')) {
    throw new ConfigurationError(`${VARIABLES.key} must be a private key, as ssh-keygen writes it`);
  }
  // A line has a host, a kind of key and the key.
  const knownHosts = await read(VARIABLES.knownHosts, (value) => /\s/.test(value.trim()));
  return { key, knownHosts };
}

/** ssh reads this and nothing of the user's or the machine's: no agent, no prompt, no host that is not known. */
const CONFIG = `Host *
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile ./known_hosts
  GlobalKnownHostsFile /dev/null
  UpdateHostKeys no
  IdentityFile ./ssh_key
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  ClearAllForwardings yes
  PermitLocalCommand no
  ControlPath none
  ConnectTimeout 15
`;

/** Puts them where {@link gitEnvironment} says, in the directory that git runs in. */
export async function writeSshFiles(directory: string, { key, knownHosts }: SshFiles): Promise<void> {
  const files = { ssh_key: key, known_hosts: knownHosts, ssh_config: CONFIG };
  for (const [name, text] of Object.entries(files)) {
    // Secrets are often kept without their last line end, which ssh asks for; it asks for the mode, too.
    await writeFile(join(directory, name), `${text.trimEnd()}\n`, { mode: 0o600 });
  }
}
