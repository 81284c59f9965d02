import type { Template } from 'aws-cdk-lib/assertions';

/** What a template says, in a form that a test can compare whole. Names are logical ids without their hash. */

type Properties = Record<string, unknown>;

/** The properties of all resources of a type, by name. */
export function resources(template: Template, type: string): Record<string, Properties> {
  return Object.fromEntries(
    Object.entries(template.findResources(type)).map(([id, resource]) => [
      nameOf(id),
      resource.Properties ?? {},
    ]),
  );
}

/** The one resource of a type. */
export function only(template: Template, type: string): Properties {
  const found = Object.values(resources(template, type));
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources of ${type}`);
  return found[0];
}

/** The name in a reference: `{Ref}` or `{Fn::GetAtt}`; anything else as JSON. */
export function target(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    if ('Ref' in value && typeof value.Ref === 'string') return nameOf(value.Ref);
    if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return nameOf(value['Fn::GetAtt'][0]);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Every rule of every security group: `Pdp in tcp 7000 ViewNote`. */
export function securityGroupRules(template: Template): string[] {
  const rules: string[] = [];
  const add = (group: string, direction: 'in' | 'out', rule: Properties) => {
    const peer =
      rule.CidrIp ?? rule.CidrIpv6 ?? rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
    const ports = rule.FromPort === rule.ToPort ? rule.FromPort : `${rule.FromPort}-${rule.ToPort}`;
    rules.push(`${group} ${direction} ${rule.IpProtocol} ${ports} ${target(peer)}`);
  };
  for (const [name, group] of Object.entries(resources(template, 'AWS::EC2::SecurityGroup'))) {
    for (const rule of list(group.SecurityGroupIngress)) add(name, 'in', rule);
    for (const rule of list(group.SecurityGroupEgress)) add(name, 'out', rule);
  }
  for (const rule of Object.values(resources(template, 'AWS::EC2::SecurityGroupIngress'))) {
    add(target(rule.GroupId), 'in', rule);
  }
  for (const rule of Object.values(resources(template, 'AWS::EC2::SecurityGroupEgress'))) {
    add(target(rule.GroupId), 'out', rule);
  }
  return rules.sort();
}

/** Every statement of every role: `ViewNoteRole: Allow secretsmanager:GetSecretValue on PdpApiKey`. */
export function roleStatements(template: Template): string[] {
  const lines: string[] = [];
  for (const policy of Object.values(resources(template, 'AWS::IAM::Policy'))) {
    for (const statement of statements(policy.PolicyDocument)) {
      for (const role of policy.Roles as unknown[]) lines.push(`${target(role)}: ${describe(statement)}`);
    }
  }
  for (const [name, role] of Object.entries(resources(template, 'AWS::IAM::Role'))) {
    for (const managed of (role.ManagedPolicyArns ?? []) as unknown[])
      lines.push(`${name}: has ${target(managed)}`);
    for (const inline of list(role.Policies)) {
      for (const statement of statements(inline.PolicyDocument))
        lines.push(`${name}: ${describe(statement)}`);
    }
  }
  return lines.sort();
}

/** The statements of a policy document. */
export function statements(document: unknown): Properties[] {
  return list((document as { Statement: unknown }).Statement);
}

function describe(statement: Properties): string {
  const actions = [statement.Action].flat().join(' ');
  const targets = [statement.Resource].flat().map(target).join(' ');
  const condition = statement.Condition === undefined ? '' : ` if ${JSON.stringify(statement.Condition)}`;
  return `${statement.Effect} ${actions} on ${targets}${condition}`;
}

function list(value: unknown): Properties[] {
  return (value ?? []) as Properties[];
}

function nameOf(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** The condition that a bucket is of the account that made it, whoever has its name later. */
export const OWN_BUCKET = { StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } };
