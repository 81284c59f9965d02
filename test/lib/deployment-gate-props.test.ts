import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DeploymentGate, type DeploymentGateProps } from '../../lib/deployment-gate.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { directoryOf } from '../bundles.ts';
import { type Made, make, policies } from './gated-stack.ts';
import { resources, securityGroupRules } from './template.ts';

describe('what a user sets', () => {
  const set = {
    timeout: Duration.minutes(14),
    logRetention: RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  };
  let made: Made;
  beforeAll(() => {
    made = make({}, set, false);
  });

  it('may be endpoints without one of ECS', () => {
    const rules = securityGroupRules(made.template).filter((rule) => rule.startsWith('GateFunction'));
    expect(rules).toEqual([
      'GateFunctionSecurityGroup out tcp 443 0.0.0.0/0',
      'GateFunctionSecurityGroup out tcp 443 EndpointsSecrets',
      'GateFunctionSecurityGroup out tcp 7000 PdpSecurityGroup',
    ]);
  });

  it('is taken: time-out and logs', () => {
    const { template } = made;
    expect(resources(template, 'AWS::Lambda::Function').GateFunction).toMatchObject({ Timeout: 840 });
    const logs = Object.entries(template.findResources('AWS::Logs::LogGroup'));
    const ofGate = logs.filter(([id]) => id.startsWith('Gate')).map(([, log]) => log);
    expect(ofGate).toHaveLength(2);
    for (const log of ofGate) {
      expect(log).toMatchObject({ Properties: { RetentionInDays: 7 }, DeletionPolicy: 'Delete' });
    }
  });

  it('is refused where it cannot be', async () => {
    const { stack, pdp } = made;
    let count = 0;
    const gate = (props: Partial<DeploymentGateProps>) => () =>
      new DeploymentGate(stack, `Refused${count++}`, { pdp, policies, ...props });
    expect(gate({ timeout: Duration.seconds(59) })).toThrow(
      new SynthesisError('timeout: 59 seconds is not from 1 to 14 minutes; use Duration.minutes(5)'),
    );
    expect(gate({ timeout: Duration.minutes(15) })).toThrow('timeout: 15 minutes is not from 1 to 14');
    expect(gate({ policies: 'no/such/place' })).toThrow(SynthesisError);

    const other = { 'p.cedar': '@id("all") permit(principal, action, resource);' };
    expect(gate({ policies: await directoryOf(other) })).toThrow(
      /^policies: their revision is [0-9a-f]{16}, the PDP's is [0-9a-f]{16}; give the gate the policies of the PDP$/,
    );
    const request = {
      subject: { type: 'User', id: 'ann' },
      action: { name: 'read' },
      resource: { type: 'Doc', id: 'd' },
    };
    const wrong = await directoryOf({
      ...other,
      'tests/t.json': JSON.stringify([{ name: 'ann does not read', request, decision: false }]),
    });
    expect(gate({ policies: wrong })).toThrow(
      new RegExp(`^policies: ${wrong} does not pass its own tests\nFAIL {2}ann does not read`),
    );
  });
});
