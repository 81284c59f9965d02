import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitSource } from '../../pdp-container/source/git-source.ts';
import { DEFAULT_FETCH_LIMITS, type RemoteSource } from '../../pdp-container/source/remote-source.ts';
import { GitRepository } from '../pdp-container/support/git-repository.ts';
import { withCleanup } from './support/cleanup.ts';
import { command } from './support/command.ts';
import { ask, freePort } from './support/http.ts';
import { start } from './support/processes.ts';
import { type SshServer, startSshServer } from './support/sshd.ts';

export const title = 'git over SSH: OpenSSH lets in who has the key, and is let in when it has its own';

const pdp = fileURLToPath(new URL('../../bin/pdp.ts', import.meta.url));
const policies = (user: string) => ({
  'notes/p.cedar': `@id("only")\npermit(principal == user::"${user}", action, resource);\n`,
});

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-ssh-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const server = await startSshServer(directory, defer);
    const repository = await GitRepository.create(join(directory, 'policies.git'));
    await repository.commit(policies('alice'));
    const address = `git+ssh://${userInfo().username}@127.0.0.1:${server.port}${repository.directory}#main:notes`;
    await refusals(address, server);
    await serves(address, server, repository, defer);
  });
}

async function refusals(address: string, { key, strangersKey, knownHosts, port }: SshServer): Promise<void> {
  const withKey = (file: string, hosts: string): Promise<RemoteSource> =>
    gitSource(address, {
      limits: DEFAULT_FETCH_LIMITS,
      environment: { PATH: process.env.PATH, PDP_GIT_SSH_KEY: file, PDP_GIT_KNOWN_HOSTS: hosts },
    });
  const wrong = async (opening: Promise<RemoteSource>, message: RegExp) => {
    const source = await opening;
    await assert.rejects(source.fetch(undefined, new AbortController().signal), { message });
    source.close?.();
  };
  const another = (await readFile(`${strangersKey}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  await wrong(
    withKey(key, `[127.0.0.1]:${port} ${another}`),
    /^the host's key is not in PDP_GIT_KNOWN_HOSTS$/,
  );
  await wrong(withKey(key, `elsewhere.test ${another}`), /^the host's key is not in PDP_GIT_KNOWN_HOSTS$/);
  await wrong(withKey(strangersKey, knownHosts), /^authentication failed: /);
  const locked = `${key}-locked`;
  await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'a passphrase', '-C', 'test', '-f', locked]);
  await wrong(withKey(locked, knownHosts), /^authentication failed: /);
}

/** As a process, with the key as text, as a task has a secret. */
async function serves(
  address: string,
  { key, knownHosts }: SshServer,
  repository: GitRepository,
  defer: (undo: () => unknown) => void,
): Promise<void> {
  const port = await freePort();
  const env = {
    PDP_GIT_SSH_KEY: await readFile(key, 'utf8'),
    PDP_GIT_KNOWN_HOSTS: knownHosts,
    PDP_API_KEY: 'k',
  };
  const options = [
    '--port',
    `${port}`,
    '--opa-port',
    'off',
    '--refresh-interval',
    '0',
    '--drain-seconds',
    '0',
  ];
  const running = start(process.execPath, [pdp, 'serve', address, ...options], env);
  defer(() => running.stop());
  await running.line((line) => line.includes('"revision active"'));
  const decision = async (user: string) => {
    const body = {
      subject: { type: 'user', id: user },
      action: { name: 'read' },
      resource: { type: 'note', id: '1' },
    };
    return (
      (await ask(`http://127.0.0.1:${port}/access/v1/evaluation`, { key: 'k', body })).body as {
        decision: boolean;
      }
    ).decision;
  };
  assert.deepEqual([await decision('alice'), await decision('bob')], [true, false]);
  await repository.commit(policies('bob'));
  const trigger = await ask(`http://127.0.0.1:${port}/policy-updater/trigger`, { key: 'k', body: {} });
  assert.equal(trigger.status, 200);
  assert.deepEqual([await decision('alice'), await decision('bob')], [false, true]);
  const said = running.lines.join('\n');
  assert.equal(said.includes('PRIVATE KEY'), false, 'a key is in the log');
}
