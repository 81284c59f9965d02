import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitServer } from '../pdp-container/support/git-server.ts';
import { withCleanup } from './support/cleanup.ts';
import { APT_LOG, gitImage } from './support/git-image.ts';
import { eventually } from './support/http.ts';
import { type PdpImage, pdpImage } from './support/pdp-image.ts';
import { lockedDown, startPdp } from './support/running-pdp.ts';

export const title = 'the image with git: as the other one, and it serves a folder of a repository';

export async function run(): Promise<void> {
  const [plain, withGit] = [await pdpImage(), await gitImage()];
  await isAsTheOther(plain, withGit);
  await hasWhatItNeeds(withGit);
  await saysWhichImage(plain);
  await serves(withGit);
}

interface Inspected {
  Docker: { config: Record<string, unknown> & { Env: string[] } };
}

async function configOf({ containers, name }: PdpImage): Promise<Inspected['Docker']['config']> {
  const { stdout } = await containers.buildah(['inspect', '--type', 'image', name]);
  return (JSON.parse(stdout) as Inspected).Docker.config;
}

async function isAsTheOther(plain: PdpImage, withGit: PdpImage): Promise<void> {
  const [one, other] = [await configOf(plain), await configOf(withGit)];
  for (const setting of [
    'User',
    'ExposedPorts',
    'Volumes',
    'WorkingDir',
    'Entrypoint',
    'Cmd',
    'StopSignal',
    'Healthcheck',
  ]) {
    assert.notEqual(one[setting], undefined, setting);
    assert.deepEqual(other[setting], one[setting], setting);
  }
  const own = ({ Env }: { Env: string[] }) => Env.filter((line) => /^(PDP|NODE)_/.test(line)).sort();
  assert.deepEqual(own(other), [...own(one), 'PDP_STATE_DIR=/state'].sort());
}

async function hasWhatItNeeds({ containers, name }: PdpImage): Promise<void> {
  await withCleanup(async (defer) => {
    const { stdout: container } = await containers.buildah(['from', '--pull-never', name]);
    defer(() => containers.buildah(['rm', container.trim()]));
    const { stdout: mounted } = await containers.buildah(['mount', container.trim()]);
    const file = (path: string) => join(mounted.trim(), path);
    assert.equal(
      await readFile(file(APT_LOG), 'utf8'),
      'update\ninstall --yes --no-install-recommends ca-certificates git openssh-client\n',
    );
    assert.deepEqual(await readdir(file('/var/lib/apt/lists')), []);
    assert.deepEqual((await readdir(file('/usr/local/bin'))).sort(), ['node']);
    assert.deepEqual(await readdir(file('/usr/local/lib')), []);
    assert.match(await readFile(file('/etc/passwd'), 'utf8'), /^nonroot:x:65532:65532:/m);
  });
}

/** The default image has no git, and its server does not start. */
async function saysWhichImage({ containers, name }: PdpImage): Promise<void> {
  const source = 'git+https://git.example.test/policies.git#main';
  const run = ['run', '--rm', '--network', 'none', ...lockedDown, name, 'serve', source];
  const { stderr } = await containers.podman(run, { exitCodes: [2] });
  assert.equal(
    stderr.trim().split('\n').at(-1),
    `pdp: source '${source}' needs git on the PATH: install git, or in a container build the image with git from ` +
      'the same context (docker build -f Dockerfile.git): the default image has none',
  );
}

/** From a host that asks for a token, with nothing writable but the volume. */
async function serves(image: PdpImage): Promise<void> {
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-git-host-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const host = await GitServer.open(directory, { token: 'the-token' });
    defer(() => host.stop());
    const repository = await host.repository();
    const policy = (user: string) => ({
      'notes/p.cedar': `@id("only")\npermit(principal == user::"${user}", action, resource);\n`,
    });
    await repository.commit(policy('alice'));
    const variables = {
      PDP_SOURCE: `${host.address()}#main:notes`,
      PDP_SOURCE_TOKEN: 'the-token',
      PDP_REFRESH_INTERVAL: '1',
    };

    const options = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const { key, at } = await startPdp(image, 'pdp-git', defer, options);
    const decides = async (user: string) => {
      const body = {
        subject: { type: 'user', id: user },
        action: { name: 'read' },
        resource: { type: 'note', id: '1' },
      };
      const answer = await at('/access/v1/evaluation', { key, body });
      assert.partialDeepStrictEqual(answer, { status: 200, body: { decision: true } });
    };
    await eventually(() => decides('alice'));
    await repository.commit(policy('bob'));
    await eventually(() => decides('bob'));
  });
}
