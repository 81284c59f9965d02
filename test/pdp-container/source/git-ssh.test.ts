import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConfigurationError } from '../../../engine/index.ts';
import { temporaryDirectory } from '../support/bundles.ts';
import { GitRepository } from '../support/git-repository.ts';
import { fetched, NEVER, openGit } from '../support/git-source.ts';

/** What ssh does with all this is asked of a real one in test/system/git-ssh.ts. */

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----';
const HOSTS = '[host.test]:2222 ssh-ed25519 AAAA';

/** A PATH on which a stand-in for ssh comes first. It tells how it was run, and runs what it is told to on this machine. */
async function standIn(script: string): Promise<{ path: string; log(): Promise<string> }> {
  const directory = await temporaryDirectory();
  const log = join(directory, 'log');
  const program = `#!/bin/sh\n[ "$1" = -V ] && exit 0\n${script.replaceAll('LOG', `'${log}'`)}\n`;
  await writeFile(join(directory, 'ssh'), program, { mode: 0o755 });
  return { path: `${directory}:${process.env.PATH}`, log: () => readFile(log, 'utf8') };
}

const RUNS =
  'for last; do :; done; echo "$*" >> LOG; ls -l ssh_key known_hosts | cut -c1-10 >> LOG; ' +
  'cat ssh_config ssh_key known_hosts >> LOG; unset GIT_ALLOW_PROTOCOL; eval "$last"';

it('gives ssh the key and the hosts, and nothing else to go by', async () => {
  const directory = join(await temporaryDirectory(), "it's.git");
  const repository = await GitRepository.create(directory);
  const commit = await repository.commit({ 'p/a.cedar': 'x' });
  const { path, log } = await standIn(RUNS);
  const environment = {
    PATH: path,
    PDP_GIT_SSH_KEY: KEY,
    PDP_GIT_KNOWN_HOSTS: HOSTS,
    SSH_AUTH_SOCK: '/agent',
    GIT_SSH_COMMAND: 'false',
  };
  const source = await openGit(`git+ssh://git@host.test:2222${directory}#main:p`, { environment });
  expect(await fetched(source)).toEqual({ tag: commit, files: { 'a.cedar': 'x' } });
  const lines = (await log()).split('\n');
  expect(lines[0]).toBe(
    `-F ./ssh_config -o SendEnv=GIT_PROTOCOL -p 2222 git@host.test git-upload-pack '${directory.replace("'", "'\\''")}'`,
  );
  expect(lines.slice(1, 3)).toEqual(['-rw-------', '-rw-------']);
  for (const setting of ['BatchMode yes', 'StrictHostKeyChecking yes', 'IdentityAgent none']) {
    expect(lines).toContain(`  ${setting}`);
  }
  for (const line of [...KEY.split('\n'), HOSTS]) expect(lines).toContain(line);
});

it('reads both from files, too', async () => {
  const directory = await temporaryDirectory();
  const [key, hosts] = [join(directory, 'key'), join(directory, 'hosts')];
  await writeFile(key, KEY);
  await writeFile(hosts, HOSTS);
  const { path, log } = await standIn('cat ssh_key known_hosts >> LOG; exit 255');
  const environment = { PATH: path, PDP_GIT_SSH_KEY: key, PDP_GIT_KNOWN_HOSTS: hosts };
  const source = await openGit('git+ssh://git@host.test/r.git', { environment });
  await expect(source.fetch(undefined, NEVER)).rejects.toThrow('git failed');
  expect(await log()).toBe(`${KEY}\n${HOSTS}\n`);
});

it.each([
  ['Host key verification failed.', "the host's key is not in PDP_GIT_KNOWN_HOSTS"],
  ['git@host.test: Permission denied (publickey).', 'authentication failed'],
  [
    'ssh: Could not resolve hostname host.test: Name or service not known',
    'the name of its host is not known',
  ],
  ['ssh: connect to host host.test port 22: Connection refused', 'its host cannot be reached'],
  ['ERROR: Repository not found.', 'there is no such repository'],
])('tells what ssh says: %s', async (message, told) => {
  const { path } = await standIn(`echo '${message}' >&2; exit 255`);
  const environment = { PATH: path, PDP_GIT_SSH_KEY: KEY, PDP_GIT_KNOWN_HOSTS: HOSTS };
  const source = await openGit('git+ssh://git@host.test/r.git', { environment });
  await expect(source.fetch(undefined, NEVER)).rejects.toThrow(told);
});

it.each([
  ['no key', { PDP_GIT_KNOWN_HOSTS: HOSTS }, 'needs PDP_GIT_SSH_KEY and PDP_GIT_KNOWN_HOSTS'],
  ['no hosts', { PDP_GIT_SSH_KEY: KEY }, 'needs PDP_GIT_SSH_KEY and PDP_GIT_KNOWN_HOSTS'],
  [
    'a key that is none',
    { PDP_GIT_SSH_KEY: '/dev/null', PDP_GIT_KNOWN_HOSTS: HOSTS },
    'must be a private key',
  ],
  [
    'a key in base64, which is not repeated',
    { PDP_GIT_SSH_KEY: 'c2VjcmV0', PDP_GIT_KNOWN_HOSTS: HOSTS },
    /^PDP_GIT_SSH_KEY is neither the text of a key nor a file: it does not exist$/,
  ],
  [
    'a file that is not there',
    { PDP_GIT_SSH_KEY: KEY, PDP_GIT_KNOWN_HOSTS: '/no/such' },
    "PDP_GIT_KNOWN_HOSTS '/no/such' cannot be read: it does not exist",
  ],
])('is not opened with %s', async (_, variables, problem) => {
  const opening = openGit('git+ssh://git@host.test/r.git', { environment: { ...process.env, ...variables } });
  await expect(opening).rejects.toThrow(ConfigurationError);
  await expect(opening).rejects.toThrow(problem);
});

it('is not opened without ssh', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'git'), '#!/bin/sh\necho git version 2.47.0\n', { mode: 0o755 });
  const environment = { PATH: directory, PDP_GIT_SSH_KEY: KEY, PDP_GIT_KNOWN_HOSTS: HOSTS };
  await expect(openGit('git+ssh://git@host.test/r.git', { environment })).rejects.toThrow(
    'needs ssh on the PATH',
  );
});
