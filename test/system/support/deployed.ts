import assert from 'node:assert/strict';
import type { Assembly } from './assemblies.ts';
import { ACCOUNT, type Holdings, type Permission, REGION } from './deployment.ts';
import { nameOf, targetOf } from './references.ts';
import { describe, type Rule, securityGroupsOf } from './security-groups.ts';
import { containersOf } from './task-definition.ts';
import { ofType, type Resource } from './template.ts';

/** What a mock of AWS holds of an assembly, compared with what its templates say. */
export class Deployed {
  readonly #assembly: Assembly;
  readonly #holdings: Holdings;
  /** `Stack/LogicalId` to physical id, which the mock gives to most. */
  readonly #physical: Map<string, string | null>;

  constructor(assembly: Assembly, holdings: Holdings) {
    this.#assembly = assembly;
    this.#holdings = holdings;
    this.#physical = new Map(
      holdings.stacks.flatMap(({ name, resources }) =>
        Object.entries(resources).map(([logicalId, id]) => [`${name}/${logicalId}`, id]),
      ),
    );
  }

  hasEveryResource(): void {
    for (const { name, template } of this.#assembly.stacks) {
      const missing = Object.entries(template.Resources)
        .filter(([id, { Type }]) => Type !== 'AWS::CDK::Metadata' && !this.#physical.has(`${name}/${id}`))
        .map(([id]) => id);
      assert.deepEqual(missing, [], `${name} lacks resources`);
    }
  }

  /** Each service has its task definition, with the image that was pushed, in its subnets and groups, under its name. */
  servicesRunTheirTasks(): void {
    for (const [name, properties, stack] of this.#resources('AWS::ECS::Service')) {
      const service = this.#holdings.services.find(
        ({ serviceArn }) => serviceArn === this.#physical.get(name),
      );
      assert.ok(service, `there is no service ${name}`);
      const id = (value: unknown) => this.#physical.get(nameOf(targetOf(value, stack, this.#assembly)));
      const { AwsvpcConfiguration } = properties.NetworkConfiguration as {
        AwsvpcConfiguration: { Subnets: unknown[]; SecurityGroups: unknown[] };
      };
      const { subnets, securityGroups } = service.networkConfiguration.awsvpcConfiguration;
      assert.deepEqual(subnets, AwsvpcConfiguration.Subnets.map(id));
      assert.deepEqual(securityGroups, AwsvpcConfiguration.SecurityGroups.map(id));
      const task = targetOf(properties.TaskDefinition, stack, this.#assembly);
      const stated = containersOf(task.stack.template.Resources[task.logicalId]?.Properties ?? {});
      assert.deepEqual(
        service.task.containerDefinitions.map(({ name: container, image }) => [container, image]),
        stated.map(({ Name, Image }) => [Name, imageOf(Image)]),
      );
      for (const { valueFrom } of service.task.containerDefinitions.flatMap(({ secrets = [] }) => secrets)) {
        assert.match(valueFrom, /^arn:aws:/, `${name} reads a secret that is none`);
      }
      const registries = (properties.ServiceRegistries ?? []) as unknown[];
      const known = new Set(this.#holdings.discovery.map(({ Arn }) => Arn));
      assert.equal(service.serviceRegistries.length, registries.length);
      for (const { registryArn } of service.serviceRegistries) assert.ok(known.has(registryArn), registryArn);
    }
  }

  /** What a function finds in its environment is a value and no reference that came to nothing. */
  functionsKnowTheirPdp(): void {
    for (const [name, properties] of this.#resources('AWS::Lambda::Function')) {
      const fn = this.#holdings.functions.find(
        ({ FunctionName }) => FunctionName === this.#physical.get(name),
      );
      assert.ok(fn, `there is no function ${name}`);
      const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
      const variables = fn.Environment?.Variables ?? {};
      assert.deepEqual(Object.keys(variables).sort(), Object.keys(Variables).sort());
      for (const [variable, stated] of Object.entries(Variables)) {
        const value = variables[variable];
        if (typeof stated === 'string') assert.equal(value, stated);
        else assert.match(value ?? '', /^[^{}\s]+$/, `${name}: ${variable} came to nothing`);
      }
      const key = variables.PDP_API_KEY_SECRET;
      const isMade = this.#resources('AWS::SecretsManager::Secret').length > 0;
      if (key !== undefined && isMade) assert.ok(this.#holdings.secrets.includes(key), `${name}: ${key}`);
    }
  }

  securityGroupsAreTheTemplates(): void {
    const names = new Map([...this.#physical].map(([name, id]) => [id, name]));
    const { groups, rules } = securityGroupsOf(this.#assembly);
    const made: Rule[] = groups.flatMap((group) => {
      const found = this.#holdings.securityGroups.find(
        ({ GroupId }) => GroupId === this.#physical.get(group),
      );
      assert.ok(found, `there is no group ${group}`);
      const rulesOf = (direction: Rule['direction'], permissions: Permission[]) =>
        permissions.flatMap((permission) => rulesFrom(group, direction, permission, names));
      return [...rulesOf('in', found.IpPermissions), ...rulesOf('out', found.IpPermissionsEgress)];
    });
    assert.deepEqual(describe({ rules: made }), describe({ rules }));
  }

  /** Endpoints with an address in the VPC are in the groups that the template names, and in no other one. */
  endpointsAreGuarded(): void {
    for (const [name, properties, stack] of this.#resources('AWS::EC2::VPCEndpoint')) {
      const id = this.#physical.get(name);
      const endpoint = this.#holdings.endpoints.find(({ VpcEndpointId }) => VpcEndpointId === id);
      assert.ok(endpoint, `there is no endpoint ${name}`);
      const stated = ((properties.SecurityGroupIds ?? []) as unknown[]).map((group) =>
        this.#physical.get(nameOf(targetOf(group, stack, this.#assembly))),
      );
      assert.deepEqual(
        (endpoint.Groups ?? []).map(({ GroupId }) => GroupId),
        stated,
      );
    }
  }

  #resources(type: Resource['Type']) {
    return this.#assembly.stacks.flatMap((stack) =>
      [...ofType(stack.template, type)].map(
        ([logicalId, properties]) => [`${stack.name}/${logicalId}`, properties, stack] as const,
      ),
    );
  }
}

function rulesFrom(
  group: string,
  direction: Rule['direction'],
  { IpProtocol, FromPort, ToPort, IpRanges, UserIdGroupPairs }: Permission,
  names: ReadonlyMap<string | null, string>,
): Rule[] {
  const peers: Rule['peer'][] = [
    ...IpRanges.map(({ CidrIp }) => ({ cidr: CidrIp })),
    ...UserIdGroupPairs.map(({ GroupId }) => ({ group: names.get(GroupId) ?? GroupId })),
  ];
  return peers.map((peer) => {
    if (IpProtocol === '-1') return { group, direction, protocol: 'all', peer };
    const protocol = IpProtocol as Rule['protocol'];
    return { group, direction, protocol, from: Number(FromPort), to: Number(ToPort), peer };
  });
}

/** The name of an image, with the pseudo parameters of the account and region of the mock. */
function imageOf(value: unknown): string {
  const image = typeof value === 'string' ? value : (value as { 'Fn::Sub': string })['Fn::Sub'];
  const values = new Map([
    ['AWS::AccountId', ACCOUNT],
    ['AWS::Region', REGION],
    ['AWS::URLSuffix', 'amazonaws.com'],
  ]);
  return image.replaceAll(/\$\{([^}]+)\}/g, (placeholder, name) => values.get(name) ?? placeholder);
}
