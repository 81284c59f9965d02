import type { Assembly, SynthesizedStack } from './assemblies.ts';
import { nameOf, targetOf } from './references.ts';
import { ofType } from './template.ts';

/** A rule of a security group. Groups are named `Stack/LogicalId`. */
export interface Rule {
  group: string;
  direction: 'in' | 'out';
  /** `all` includes every port. */
  protocol: 'tcp' | 'udp' | 'icmp' | 'all';
  /** Ports, both included; type and code for ICMP. */
  from?: number;
  to?: number;
  /** Addresses, or whatever is in a group. */
  peer: { cidr: string } | { group: string };
}

export interface SecurityGroups {
  groups: string[];
  rules: Rule[];
}

type Properties = Record<string, unknown>;
type Stacks = Pick<Assembly, 'stacks'>;

/** Egress of a group for which a template states none, as EC2 makes it. */
const EVERYWHERE = { protocol: 'all', peer: { cidr: '0.0.0.0/0' } } as const;

/**
 * The security groups of all stacks of an assembly, with the rules that are written in them and those that are
 * resources of their own.
 *
 * @throws Error on a property that is not known here, so that none goes untested
 */
export function securityGroupsOf(assembly: Stacks): SecurityGroups {
  const groups: string[] = [];
  const rules: Rule[] = [];
  for (const stack of assembly.stacks) {
    const add = (group: string, direction: Rule['direction'], properties: Properties) =>
      rules.push(ruleOf(group, direction, properties, stack, assembly));
    for (const [logicalId, properties] of ofType(stack.template, 'AWS::EC2::SecurityGroup')) {
      const group = nameOf({ stack, logicalId, attribute: 'Ref' });
      groups.push(group);
      for (const rule of list(properties.SecurityGroupIngress)) add(group, 'in', rule);
      for (const rule of list(properties.SecurityGroupEgress)) add(group, 'out', rule);
    }
    for (const direction of ['in', 'out'] as const) {
      const type = direction === 'in' ? 'AWS::EC2::SecurityGroupIngress' : 'AWS::EC2::SecurityGroupEgress';
      for (const { GroupId, ...rule } of ofType(stack.template, type).values()) {
        add(nameOf(targetOf(GroupId, stack, assembly)), direction, rule);
      }
    }
  }
  // CloudFormation takes EC2's rule out as soon as there is another, in the group or as a resource of its own:
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
  for (const group of groups) {
    const isStated = rules.some((rule) => rule.group === group && rule.direction === 'out');
    if (!isStated) rules.push({ group, direction: 'out', ...EVERYWHERE });
  }
  return { groups, rules };
}

/** One line a rule, in an order of their own, for comparing two sets of them. */
export function describe({ rules }: Pick<SecurityGroups, 'rules'>): string[] {
  const lines = rules.map(({ group, direction, protocol, from, to, peer }) => {
    const ports = protocol === 'all' ? '' : ` ${from}-${to}`;
    return `${group} ${direction} ${protocol}${ports} ${'cidr' in peer ? peer.cidr : peer.group}`;
  });
  return lines.sort();
}

function ruleOf(
  group: string,
  direction: Rule['direction'],
  properties: Properties,
  stack: SynthesizedStack,
  assembly: Stacks,
): Rule {
  const { Description, IpProtocol, FromPort, ToPort, CidrIp, ...more } = properties;
  const { SourceSecurityGroupId, DestinationSecurityGroupId, ...unknown } = more;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new Error(`a rule of ${group}: ${name} is not known here`);
  const peerGroup = direction === 'in' ? SourceSecurityGroupId : DestinationSecurityGroupId;
  const peer =
    peerGroup === undefined
      ? { cidr: cidrOf(CidrIp, stack, assembly) }
      : { group: nameOf(targetOf(peerGroup, stack, assembly)) };
  const protocol = protocolOf(IpProtocol);
  if (protocol === 'all') return { group, direction, protocol, peer };
  return { group, direction, protocol, from: Number(FromPort), to: Number(ToPort), peer };
}

function protocolOf(value: unknown): Rule['protocol'] {
  if (value === 'tcp' || value === 'udp' || value === 'icmp') return value;
  if (String(value) === '-1') return 'all';
  throw new Error(`the protocol ${value} is not known here`);
}

/** A range, or the one of a VPC that is in the assembly. */
function cidrOf(value: unknown, stack: SynthesizedStack, assembly: Stacks): string {
  if (typeof value === 'string') return value;
  const vpc = targetOf(value, stack, assembly);
  const cidr = vpc.stack.template.Resources[vpc.logicalId]?.Properties?.CidrBlock;
  if (vpc.attribute === 'CidrBlock' && typeof cidr === 'string') return cidr;
  throw new Error(`${JSON.stringify(value)} is no range of addresses`);
}

function list(value: unknown): Properties[] {
  return (value ?? []) as Properties[];
}
