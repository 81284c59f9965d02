import { expect, describe as group, it } from 'vitest';
import { rulesetOf } from '../system/support/nftables.ts';
import { describe, securityGroupsOf } from '../system/support/security-groups.ts';

const tcp = (port: number) => ({ IpProtocol: 'tcp', FromPort: port, ToPort: port });

function stack(name: string, Resources: Record<string, unknown>, Outputs = {}) {
  const template = { Resources, Outputs } as never;
  return { name, dependencies: [], templateFile: '', template };
}

function securityGroup(properties: Record<string, unknown> = {}) {
  return { Type: 'AWS::EC2::SecurityGroup', Properties: properties };
}

group('security groups of templates', () => {
  it('have the rules that are written in them, and those that are resources, across stacks', () => {
    const network = stack(
      'Network',
      { Endpoint: securityGroup({ SecurityGroupEgress: [{ ...tcp(443), CidrIp: '10.0.0.0/8' }] }) },
      {
        Got: { Value: { 'Fn::GetAtt': ['Endpoint', 'GroupId'] } },
        Exported: { Value: { 'Fn::GetAtt': 'Endpoint.GroupId' }, Export: { Name: 'endpoint' } },
      },
    );
    const own = { 'Fn::GetAtt': ['Caller', 'GroupId'] };
    const app = stack('App', {
      Caller: securityGroup({ SecurityGroupIngress: [{ IpProtocol: '-1', CidrIp: '10.1.0.0/16' }] }),
      Out: {
        Type: 'AWS::EC2::SecurityGroupEgress',
        Properties: {
          GroupId: own,
          ...tcp(443),
          DestinationSecurityGroupId: {
            'Fn::GetStackOutput': { StackName: 'Network', Region: { Ref: 'AWS::Region' }, OutputName: 'Got' },
          },
        },
      },
      In: {
        Type: 'AWS::EC2::SecurityGroupIngress',
        Properties: { GroupId: { 'Fn::ImportValue': 'endpoint' }, ...tcp(443), SourceSecurityGroupId: own },
      },
    });
    expect(describe(securityGroupsOf({ stacks: [network, app] }))).toEqual([
      'App/Caller in all 10.1.0.0/16',
      'App/Caller out tcp 443-443 Network/Endpoint',
      'Network/Endpoint in tcp 443-443 App/Caller',
      'Network/Endpoint out tcp 443-443 10.0.0.0/8',
    ]);
  });

  it('let everything out when no rule says what', () => {
    const { groups, rules } = securityGroupsOf({ stacks: [stack('App', { Open: securityGroup() })] });
    expect(groups).toEqual(['App/Open']);
    expect(rules).toEqual([
      { group: 'App/Open', direction: 'out', protocol: 'all', peer: { cidr: '0.0.0.0/0' } },
    ]);
  });

  it.each([
    ['a prefix list', { ...tcp(443), SourcePrefixListId: 'pl-1' }, 'SourcePrefixListId is not known here'],
    ['another protocol', { IpProtocol: '50', CidrIp: '10.0.0.0/8' }, 'the protocol 50 is not known here'],
    [
      'a group of nowhere',
      { ...tcp(1), SourceSecurityGroupId: { Ref: 'Gone' } },
      'there is no resource Gone',
    ],
  ])('are refused with %s', (_what, rule, message) => {
    const stacks = [stack('App', { Group: securityGroup({ SecurityGroupIngress: [rule] }) })];
    expect(() => securityGroupsOf({ stacks })).toThrow(message);
  });
});

group('rules of nftables', () => {
  const pdp = { host: { namespace: 'pdp', address: '10.0.0.1' }, groups: ['Pdp'] };
  const caller = { host: { namespace: 'caller', address: '10.0.0.2' }, groups: ['Caller'] };
  const stranger = { host: { namespace: 'stranger', address: '10.0.0.3' }, groups: [] };
  const rules = [
    { group: 'Pdp', direction: 'in', protocol: 'tcp', from: 7000, to: 7000, peer: { group: 'Caller' } },
    { group: 'Pdp', direction: 'in', protocol: 'tcp', from: 1, to: 2, peer: { group: 'Nobody' } },
    { group: 'Caller', direction: 'out', protocol: 'tcp', from: 7000, to: 7001, peer: { group: 'Pdp' } },
    { group: 'Caller', direction: 'out', protocol: 'all', peer: { cidr: '10.9.0.0/16' } },
  ] as const;
  const accepted = (member: typeof pdp | typeof stranger) =>
    rulesetOf(member, [pdp, caller, stranger], { groups: [], rules: [...rules] })
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('ip ') || line.startsWith('type '));

  it('accept what the groups of a member let in and out, of the addresses in the other group', () => {
    expect(accepted(pdp)).toEqual([
      'type filter hook input priority 0; policy drop;',
      'ip saddr { 10.0.0.2 } tcp dport 7000 accept',
      'type filter hook output priority 0; policy drop;',
    ]);
    expect(accepted(caller)).toEqual([
      'type filter hook input priority 0; policy drop;',
      'type filter hook output priority 0; policy drop;',
      'ip daddr { 10.0.0.1 } tcp dport 7000-7001 accept',
      'ip daddr { 10.9.0.0/16 } accept',
    ]);
  });

  it('accept nothing for who is in no group', () => {
    expect(accepted(stranger)).toEqual([
      'type filter hook input priority 0; policy drop;',
      'type filter hook output priority 0; policy drop;',
    ]);
  });
});
