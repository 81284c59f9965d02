import { command } from './command.ts';
import type { Rule, SecurityGroups } from './security-groups.ts';
import type { Host } from './vpc.ts';

/** A host, and the security groups that its network interface is in. */
export interface Member {
  host: Host;
  groups: readonly string[];
}

/**
 * The rules of nftables that do for one member what its security groups do: nothing in and nothing out but what a rule
 * allows, and the answers to it.
 *
 * @param members all that a rule's group may stand for
 */
export function rulesetOf(member: Member, members: readonly Member[], { rules }: SecurityGroups): string {
  const own = rules.filter(({ group }) => member.groups.includes(group));
  const chain = (direction: Rule['direction']) =>
    own.filter((rule) => rule.direction === direction).flatMap((rule) => statementOf(rule, members) ?? []);
  return [
    'table inet security_groups {',
    ' chain in {',
    '  type filter hook input priority 0; policy drop;',
    '  iif lo accept',
    '  ct state established accept',
    ...chain('in').map((statement) => `  ${statement}`),
    ' }',
    ' chain out {',
    '  type filter hook output priority 0; policy drop;',
    '  oif lo accept',
    '  ct state established accept',
    ...chain('out').map((statement) => `  ${statement}`),
    ' }',
    '}',
  ].join('\n');
}

/** Puts the security groups of every member into force. */
export async function enforce(members: readonly Member[], groups: SecurityGroups): Promise<void> {
  for (const member of members) {
    const ruleset = rulesetOf(member, members, groups);
    await command('ip', ['netns', 'exec', member.host.namespace, 'nft', ruleset]);
  }
}

function statementOf(
  { direction, protocol, from, to, peer }: Rule,
  members: readonly Member[],
): string | undefined {
  const addresses =
    'cidr' in peer
      ? [peer.cidr]
      : members.filter(({ groups }) => groups.includes(peer.group)).map(({ host }) => host.address);
  // Nothing of the scene is in that group.
  if (addresses.length === 0) return undefined;
  const whom = `ip ${direction === 'in' ? 'saddr' : 'daddr'} { ${addresses.join(', ')} }`;
  switch (protocol) {
    case 'all':
      return `${whom} accept`;
    case 'icmp':
      return `${whom} ip protocol icmp icmp type ${from} icmp code ${to} accept`;
    default:
      return `${whom} ${protocol} dport ${from === to ? from : `${from}-${to}`} accept`;
  }
}
