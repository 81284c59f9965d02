import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { withCleanup } from './support/cleanup.ts';
import { command } from './support/command.ts';
import { eventually } from './support/http.ts';
import { pdpImage } from './support/pdp-image.ts';
import { allowOnly, type Host, openVpc } from './support/vpc.ts';

export const title = 'a private network: the allowed caller gets an answer, the other does not';

const askFrom = fileURLToPath(new URL('support/ask-from.ts', import.meta.url));

export async function run(): Promise<void> {
  const { containers, name: image } = await pdpImage();
  await withCleanup(async (defer) => {
    const { pdp, caller, stranger } = await openVpc(
      { pdp: '10.20.1.10', caller: '10.20.2.20', stranger: '10.20.2.30' },
      defer,
    );
    const env = { PDP_API_KEY: randomBytes(24).toString('base64url') };
    const name = 'pdp-private';
    defer(() => containers.podman(['rm', '--force', '--time', '1', '--ignore', name]));
    // Another user than the image's: nothing may depend on the number.
    const options = ['--read-only', '--cap-drop', 'ALL', '--user', '1000:1000', '--env', 'PDP_API_KEY'];
    const network = ['--network', `ns:/run/netns/${pdp.namespace}`];
    await containers.podman(['run', '--detach', '--name', name, ...network, ...options, image], { env });
    await eventually(() => containers.podman(['healthcheck', 'run', name]));

    const askAs = async (host: Host) => {
      const ask = ['netns', 'exec', host.namespace, process.execPath, askFrom];
      const url = `http://${pdp.address}:7000/access/v1/evaluation`;
      return command('ip', [...ask, url], { env, exitCodes: [0, 1] });
    };
    const answered = async (host: Host) => {
      const { stdout } = await askAs(host);
      assert.partialDeepStrictEqual(JSON.parse(stdout), { status: 200, body: { decision: true } });
    };
    // Both reach it before there is a rule, so that it is the rule that keeps the stranger out afterwards.
    await answered(caller);
    await answered(stranger);
    await allowOnly(pdp, caller, 7000);
    await answered(caller);
    const { exitCode, stdout } = await askAs(stranger);
    assert.equal(exitCode, 1);
    assert.match(stdout, /TimeoutError|UND_ERR_CONNECT_TIMEOUT|^23$/m);
    await containers.podman(['healthcheck', 'run', name]);
  });
}
