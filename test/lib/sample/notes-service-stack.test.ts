import { describe, expect, it } from 'vitest';
import { only, resources, securityGroupRules, target } from '../template.ts';
import { synthesize, VARIANTS } from './synthesize.ts';

describe('the notes as a service, with the PDP in its task', () => {
  const { Notes: template } = synthesize(VARIANTS.sidecar ?? {}).templates;
  if (template === undefined) throw new Error('no stack Notes');

  it('is reached by API Gateway alone', () => {
    const rules = securityGroupRules(template).filter((rule) => !rule.includes(' 443 '));
    expect(rules).toEqual([
      'LinkSecurityGroup out tcp 8080 SecurityGroup',
      'SecurityGroup in tcp 8080 LinkSecurityGroup',
    ]);
    expect(only(template, 'AWS::ApiGatewayV2::VpcLink').SecurityGroupIds).toEqual([
      { 'Fn::GetAtt': [expect.stringMatching(/^LinkSecurityGroup/), 'GroupId'] },
    ]);
  });

  it('believes the user that API Gateway has verified, over whatever a client sent', () => {
    const integrations = Object.values(resources(template, 'AWS::ApiGatewayV2::Integration'));
    expect(integrations.length).toBeGreaterThan(0);
    for (const { ConnectionType, IntegrationType, RequestParameters } of integrations) {
      expect({ ConnectionType, IntegrationType }).toEqual({
        ConnectionType: 'VPC_LINK',
        IntegrationType: 'HTTP_PROXY',
      });
      expect(RequestParameters).toEqual({
        'overwrite:header.x-notes-subject': '$context.authorizer.claims.sub',
      });
    }
    const routes = Object.values(resources(template, 'AWS::ApiGatewayV2::Route'));
    expect(routes).toHaveLength(3);
    for (const route of routes) {
      expect(route.AuthorizationType).toBe('JWT');
      expect(target(route.AuthorizerId)).toBe('NotesApiJwt');
    }
  });

  it('runs two containers that can write nothing, of which one listens to the other alone', () => {
    const { ContainerDefinitions } = only(template, 'AWS::ECS::TaskDefinition');
    const containers = ContainerDefinitions as Record<string, unknown>[];
    expect(containers.map(({ Name, PortMappings }) => [Name, PortMappings])).toEqual([
      ['app', [{ ContainerPort: 8080, Protocol: 'tcp' }]],
      ['pdp', [{ ContainerPort: 7000, Protocol: 'tcp' }]],
    ]);
    for (const container of containers) {
      expect(container).toMatchObject({
        User: '65532:65532',
        ReadonlyRootFilesystem: true,
        LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      });
    }
    expect(containers[0]).toMatchObject({
      Environment: [{ Name: 'PDP_URL', Value: 'http://127.0.0.1:7000' }],
      DependsOn: [{ ContainerName: 'pdp', Condition: 'HEALTHY' }],
    });
    expect(containers[1]?.Command).toEqual(expect.arrayContaining(['--host', '127.0.0.1']));
  });

  it('is found by API Gateway with its port', () => {
    expect(only(template, 'AWS::ServiceDiscovery::Service').DnsConfig).toMatchObject({
      DnsRecords: [{ Type: 'SRV' }],
    });
  });
});
