import assert from 'node:assert/strict';
import { join } from 'node:path';
import { assembly } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { type DiscoveredService, discoveredServices } from './support/cloud-map.ts';
import { eventually } from './support/http.ts';
import { statusOf, viewing } from './support/notes-api.ts';
import { type PdpProcess, startPdpProcess } from './support/pdp-process.ts';
import { targetOf } from './support/references.ts';
import {
  assetDirectory,
  type DeployedFunction,
  functionsWith,
  type RunningFunction,
  startFunction,
} from './support/running-function.ts';
import { makeSecrets } from './support/running-task.ts';
import {
  SECRET_ID,
  SECRETS_MANAGER,
  type SecretsManagerStub,
  startSecretsManager,
} from './support/secrets-manager.ts';
import { type Host, openVpc, plug, resolveNames } from './support/vpc.ts';

export const title =
  "the sample's function under Lambda's runtime client: init, invokes, freezes, and the death of a task";

type Defer = (undo: () => unknown) => void;

const ADDRESSES = {
  one: '10.0.0.11',
  two: '10.0.0.12',
  three: '10.0.0.13',
  secrets: '10.0.0.20',
  sandbox: '10.0.1.30',
};
const INVOKES = 20;
/** More than the second by which Node's client is ahead of it: it keeps no connection for less. */
const KEEP_ALIVE_SECONDS = '3';

export async function run(): Promise<void> {
  await withCleanup(remote);
  console.log('        remote: three tasks, TLS, the key of a stub of Secrets Manager');
  await withCleanup(embedded);
  console.log('        embedded');
}

interface Remote {
  fn: RunningFunction;
  /** Where the function runs. */
  sandbox: Host;
  tasks: PdpProcess[];
  secrets: SecretsManagerStub;
}

async function remote(defer: Defer): Promise<void> {
  const scene = await startRemote(defer);
  const { fn, secrets } = scene;
  await fn.initialized();
  // Before there is an event.
  await eventually(async () => assert.equal(secrets.reads(), 1));
  await decides(fn, 1);
  await decides(fn, INVOKES);
  await isFrozenPastKeepAlive(scene);
  await isCutOffWhileFrozen(scene);
  await losesTask(scene);
  await losesMachine(scene);
  assert.equal(secrets.reads(), 1);
  assert.deepEqual(fn.log(), []);
}

async function startRemote(defer: Defer): Promise<Remote> {
  const serverless = await assembly('serverless');
  const [service] = discoveredServices(serverless) as [DiscoveredService];
  const secrets = await makeSecrets(service.hostname);
  const hosts = await openVpc(ADDRESSES, defer);
  const names = {
    [service.hostname]: [hosts.one, hosts.two, hosts.three].map(({ address }) => address),
    [SECRETS_MANAGER]: hosts.secrets.address,
  };
  await resolveNames(hosts.sandbox, names, defer);
  const stub = await startSecretsManager(hosts.secrets, secrets.values.PDP_API_KEY ?? '', defer);
  const tasks = await Promise.all(
    [hosts.one, hosts.two, hosts.three].map((host) =>
      startPdpProcess(host, secrets, ['--keep-alive-timeout', KEEP_ALIVE_SECONDS], defer),
    ),
  );
  const given = { PDP_API_KEY_SECRET: SECRET_ID, PDP_CA: secrets.ca, NODE_EXTRA_CA_CERTS: stub.trusted };
  const viewNote = handlerOf(functionsWith('PDP_URL', serverless));
  const fn = await startFunction(viewNote, hosts.sandbox, given, defer);
  return { fn, sandbox: hosts.sandbox, tasks, secrets: stub };
}

/** What the servers closed meanwhile is no error of the next invocation. */
async function isFrozenPastKeepAlive({ fn, tasks }: Remote): Promise<void> {
  await fn.freeze();
  assert.notEqual(await open(tasks), 0, 'no connection is kept between invocations');
  await eventually(async () => assert.equal(await open(tasks), 0));
  await decides(fn, INVOKES);
}

/** Nor is what they closed without its being told: to the function its connections are as they were. */
async function isCutOffWhileFrozen({ fn, tasks, sandbox }: Remote): Promise<void> {
  await fn.freeze();
  assert.notEqual(await open(tasks), 0, 'no connection is kept between invocations');
  await plug(sandbox, 'off');
  await eventually(async () => assert.equal(await open(tasks), 0));
  await plug(sandbox, 'on');
  await decides(fn, INVOKES);
}

/** The one that has connections of the function: its process ends, and the next connection is refused. */
async function losesTask({ fn, tasks }: Remote): Promise<void> {
  const asked = await askedTask(fn, tasks);
  asked.signal('SIGKILL');
  await assert.rejects(
    asked.line(() => false),
    /ended/,
  );
  await decides(fn, INVOKES);
}

/** The same with the machine under it: nothing refuses. */
async function losesMachine({ fn, tasks }: Remote): Promise<void> {
  const asked = await askedTask(fn, tasks);
  await plug(asked.host, 'off');
  await decides(fn, INVOKES);
}

/** A task that an invocation has just asked. */
async function askedTask(fn: RunningFunction, tasks: PdpProcess[]): Promise<PdpProcess> {
  const before = tasks.map((task) => task.decisions());
  await decides(fn, 1);
  return eventually(async () => {
    const asked = tasks.find((task, index) => task.decisions() !== before[index]);
    assert.ok(asked, 'no task was asked');
    return asked;
  });
}

async function open(tasks: PdpProcess[]): Promise<number> {
  const connections = await Promise.all(tasks.map((task) => task.connections()));
  return connections.reduce((sum, count) => sum + count, 0);
}

async function embedded(defer: Defer): Promise<void> {
  const synthesized = await assembly('embedded');
  const viewNote = handlerOf(functionsWith('PDP_BUNDLE', synthesized));
  const { sandbox } = await openVpc({ sandbox: ADDRESSES.sandbox }, defer);
  const [reference] = viewNote.properties.Layers as unknown[];
  const { stack, logicalId } = targetOf(reference, viewNote.stack, synthesized);
  const content = stack.template.Resources[logicalId]?.Properties?.Content as { S3Key: string };
  const layer = assetDirectory(synthesized, content);
  // Lambda unpacks a layer in /opt.
  const PDP_BUNDLE = join(layer, viewNote.variables.PDP_BUNDLE?.replace(/^\/opt\//, '') ?? '');
  const fn = await startFunction(viewNote, sandbox, { PDP_BUNDLE }, defer);
  await fn.initialized();
  await decides(fn, 1);
  await decides(fn, INVOKES);
  await fn.freeze();
  await decides(fn, INVOKES);
  assert.deepEqual(fn.log(), []);
}

function handlerOf(functions: DeployedFunction[]): DeployedFunction {
  const found = functions.find(({ logicalId }) => logicalId.startsWith('ViewNote'));
  assert.ok(found, 'the sample has no function ViewNote');
  return found;
}

/** Bob may and Erin may not, as often as asked. */
async function decides(fn: RunningFunction, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    assert.equal(statusOf(await fn.invoke(viewing('bob'))), 200, fn.log().join('\n'));
    assert.equal(statusOf(await fn.invoke(viewing('erin'))), 403, fn.log().join('\n'));
  }
}
