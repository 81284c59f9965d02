import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DeploymentGate, type DeploymentGateProps } from '../../lib/deployment-gate.ts';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import type { FargatePdpProps } from '../../lib/fargate-pdp-props.ts';
import { PdpEndpoints } from '../../lib/pdp-endpoints.ts';
import { PdpImage } from '../../lib/pdp-image.ts';
import { imageContext, isolatedStack, temporaryDirectory } from './support.ts';

export const outdir = temporaryDirectory();
const context = imageContext(temporaryDirectory());
export const policies = 'pdp-container/policies';
export const image = PdpImage.fromPolicies(policies, context);

export interface Made {
  stack: Stack;
  pdp: FargatePdp;
  gate: DeploymentGate;
  template: Template;
}

/** A PDP with a gate. `ecs`: whether there is an endpoint of ECS. */
export function make(
  pdpProps: Partial<FargatePdpProps> = {},
  gateProps: Partial<DeploymentGateProps> = {},
  ecs = true,
): Made {
  const { stack, vpc } = isolatedStack(outdir);
  const endpoints = new PdpEndpoints(stack, 'Endpoints', { vpc, ecs });
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, endpoints, image, ...pdpProps });
  const gate = new DeploymentGate(stack, 'Gate', { pdp, policies, ...gateProps });
  // Also refuses a template whose resources wait for each other.
  return { stack, pdp, gate, template: Template.fromStack(stack) };
}
