import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { type Assembly, assemblies } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { type DiscoveredService, discoveredServices } from './support/cloud-map.ts';
import { eventually } from './support/http.ts';
import { lambdaRuntime } from './support/lambda-runtime.ts';
import { enforce, type Member } from './support/nftables.ts';
import { statusOf, viewing } from './support/notes-api.ts';
import { type PdpImage, pdpImage } from './support/pdp-image.ts';
import { allowed } from './support/questions.ts';
import { nameOf, targetOf } from './support/references.ts';
import { callersOf, type DeployedFunction, startFunction } from './support/running-function.ts';
import { makeSecrets, nodeOn, pdpTasks, type Secrets, startTask } from './support/running-task.ts';
import { SECRET_ID, SECRETS_MANAGER, startSecretsManager } from './support/secrets-manager.ts';
import { securityGroupsOf } from './support/security-groups.ts';
import { ofType } from './support/template.ts';
import { type Host, openVpc, resolveNames } from './support/vpc.ts';

export const title =
  "a VPC with the templates' security groups: the granted function gets its decision, another one cannot connect";

type Defer = (undo: () => unknown) => void;

const ADDRESSES = { pdp: '10.0.0.10', secrets: '10.0.0.20', granted: '10.0.1.30', stranger: '10.0.1.40' };

const askFrom = fileURLToPath(new URL('support/ask-from.ts', import.meta.url));

export const prepare = () => Promise.all([assemblies(), lambdaRuntime()]);

export async function run(): Promise<void> {
  const image = await pdpImage();
  let count = 0;
  for (const assembly of await assemblies()) {
    const [service] = discoveredServices(assembly);
    const caller = callersOf(assembly).find(({ logicalId }) => logicalId.startsWith('ViewNote'));
    if (service === undefined || caller === undefined) continue;
    count += 1;
    await withCleanup((defer) => decidesBySecurityGroup(image, assembly, service, caller, defer));
    console.log(`        ${assembly.placement}`);
  }
  assert.notEqual(count, 0, 'no placement has functions that ask a PDP in their VPC');
}

async function decidesBySecurityGroup(
  image: PdpImage,
  assembly: Assembly,
  service: DiscoveredService,
  caller: DeployedFunction,
  defer: Defer,
): Promise<void> {
  const secrets = await makeSecrets(service.hostname);
  const hosts = await openVpc(ADDRESSES, defer);
  const key = secrets.values.PDP_API_KEY ?? '';
  const { trusted } = await startSecretsManager(hosts.secrets, key, defer);
  for (const host of [hosts.granted, hosts.stranger]) {
    const names = { [service.hostname]: hosts.pdp.address, [SECRETS_MANAGER]: hosts.secrets.address };
    await resolveNames(host, names, defer);
  }
  await startPdp(image, assembly, service, secrets, hosts.pdp, defer);

  const has = (name: string) => name in caller.variables;
  const given = {
    ...(has('PDP_API_KEY_SECRET') ? { PDP_API_KEY_SECRET: SECRET_ID } : {}),
    ...(has('PDP_CA') ? { PDP_CA: secrets.ca } : {}),
    NODE_EXTRA_CA_CERTS: trusted,
  };
  const invoke = async (host: Host, user: string, fn = caller) => {
    const running = await startFunction(fn, host, given, defer);
    return statusOf(await running.invoke(viewing(user)));
  };
  // All of them reach it before there are rules, so that it is the rules that keep the stranger out afterwards.
  assert.equal(await invoke(hosts.stranger, 'bob'), 200);

  const groups = securityGroupsOf(assembly);
  const stranger = 'a group that no rule names';
  const everywhere = {
    group: stranger,
    direction: 'out',
    protocol: 'all',
    peer: { cidr: '0.0.0.0/0' },
  } as const;
  const members: Member[] = [
    { host: hosts.pdp, groups: service.securityGroups },
    { host: hosts.secrets, groups: groupsOfEndpoint(assembly) },
    { host: hosts.granted, groups: groupsOfFunction(assembly, caller) },
    { host: hosts.stranger, groups: [stranger] },
  ];
  await enforce(members, { ...groups, rules: [...groups.rules, everywhere] });

  assert.equal(await invoke(hosts.granted, 'bob'), 200);
  assert.equal(await invoke(hosts.granted, 'erin'), 403);
  // Even with the key, which it cannot read either.
  const { PDP_API_KEY_SECRET: _secret, ...others } = caller.variables;
  const thief = { ...caller, variables: { ...others, PDP_API_KEY: key } };
  const { PDP_API_KEY_SECRET: _given, ...rest } = given;
  const running = await startFunction(thief, hosts.stranger, rest, defer);
  assert.equal(statusOf(await running.invoke(viewing('bob'))), 503);
  const url = `${caller.variables.PDP_URL}/access/v1/evaluation`;
  const { stdout } = await nodeOn(hosts.stranger, [askFrom, url, JSON.stringify(allowed)], {}, [1]);
  assert.match(stdout, /TimeoutError|UND_ERR_CONNECT_TIMEOUT|^23$/m);
}

/** The PDP as its task definition runs it. */
async function startPdp(
  image: PdpImage,
  assembly: Assembly,
  { taskDefinition }: DiscoveredService,
  secrets: Secrets,
  host: Host,
  defer: Defer,
): Promise<void> {
  const task = pdpTasks(assembly, secrets).find(
    ({ stack, logicalId }) => nameOf({ stack, logicalId, attribute: 'Ref' }) === taskDefinition,
  );
  assert.ok(task, `${taskDefinition} has no PDP`);
  const name = `pdp-${host.namespace}`;
  await startTask(image, task.container, host, name, defer);
  await eventually(() => image.containers.podman(['healthcheck', 'run', name]));
}

function groupsOfFunction(assembly: Assembly, { properties, stack }: DeployedFunction): string[] {
  const { SecurityGroupIds } = properties.VpcConfig as { SecurityGroupIds: unknown[] };
  return SecurityGroupIds.map((group) => nameOf(targetOf(group, stack, assembly)));
}

function groupsOfEndpoint(assembly: Assembly): string[] {
  return assembly.stacks.flatMap((stack) =>
    [...ofType(stack.template, 'AWS::EC2::VPCEndpoint').values()]
      .filter(({ ServiceName }) => JSON.stringify(ServiceName).includes('secretsmanager'))
      .flatMap(({ SecurityGroupIds }) => SecurityGroupIds as unknown[])
      .map((group) => nameOf(targetOf(group, stack, assembly))),
  );
}
