import { type IConnectable, Port } from 'aws-cdk-lib/aws-ec2';
import { BaseService, type TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { IPdp, PdpGrantee } from '../pdp.ts';
import type { PdpEndpoints } from '../pdp-endpoints.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { grantReadKey } from './api-key.ts';

/**
 * Who asks: of a version or an alias the function itself, which has the role, the security groups and the environment.
 */
export function callerOf(grantee: PdpGrantee): PdpGrantee {
  return 'lambda' in grantee && grantee.lambda instanceof LambdaFunction ? grantee.lambda : grantee;
}

export function isFunction(grantee: PdpGrantee): grantee is LambdaFunction {
  return grantee instanceof LambdaFunction;
}

export function isService(grantee: PdpGrantee): grantee is BaseService {
  return grantee instanceof BaseService;
}

/** Who reads the key: the role of the function, or the one that the containers of the service run with. */
export function principalOf(grantee: PdpGrantee): IGrantable {
  return isService(grantee) ? { grantPrincipal: grantee.taskDefinition.taskRole } : grantee;
}

/**
 * What connects to the PDP.
 *
 * @throws SynthesisError when it has no security group, so that no rule can let it in
 */
export function connectableOf(grantee: PdpGrantee): IConnectable {
  if (isFunction(grantee) && !grantee.isBoundToVpc) {
    throw new SynthesisError(
      `${grantee.node.path}: the function is in no VPC and cannot reach the PDP; give it the PDP's vpc`,
    );
  }
  if (grantee.connections.securityGroups.length === 0) {
    throw new SynthesisError(
      `${pathOf(grantee)}: it has no security group, so no rule can let it reach the PDP; give it one`,
    );
  }
  return grantee;
}

/** Sets what `pdpFromEnvironment()` reads, where the grantee has an environment: a function, or a service's containers. */
export function setEnvironment(grantee: PdpGrantee, environment: Readonly<Record<string, string>>): void {
  if (isFunction(grantee)) {
    for (const [name, value] of Object.entries(environment)) grantee.addEnvironment(name, value);
  } else if (isService(grantee)) {
    const container = defaultContainer(grantee.taskDefinition);
    for (const [name, value] of Object.entries(environment)) container.addEnvironment(name, value);
  }
}

function defaultContainer(task: TaskDefinition) {
  if (task.defaultContainer !== undefined) return task.defaultContainer;
  throw new SynthesisError(
    `${task.node.path}: the task has no container yet to give PDP_URL to; add it before grantEvaluate`,
  );
}

export function pathOf(grantee: PdpGrantee): string {
  return 'node' in grantee ? (grantee as IConstruct).node.path : 'the grantee';
}

/**
 * Lets a caller in a VPC reach Secrets Manager: through the endpoint, or else by whatever way the VPC has, whose
 * addresses nobody can name.
 */
export function letReadKey(caller: IConnectable, endpoints: PdpEndpoints | undefined): void {
  if (endpoints !== undefined) endpoints.connectCaller(caller);
  else caller.connections.allowToAnyIpv4(Port.tcp(443), 'read the key from Secrets Manager');
}

/** A PDP that listens in a VPC and takes a key. */
interface NetworkedPdp extends IPdp, IConnectable {
  readonly connections: IConnectable['connections'];
  readonly apiKey: ISecret;
  readonly endpoints: PdpEndpoints | undefined;
}

/**
 * Opens `port` of the PDP to the grantee, lets it read the key, and sets its environment.
 *
 * @throws SynthesisError when the grantee is in no VPC, or has no security group
 */
export function grantNetworked(pdp: NetworkedPdp, port: number, asked: PdpGrantee): Grant {
  const grantee = callerOf(asked);
  const caller = connectableOf(grantee);
  caller.connections.allowTo(pdp, Port.tcp(port), 'ask the policy decision point');
  letReadKey(caller, pdp.endpoints);
  setEnvironment(grantee, pdp.environment);
  return grantReadKey(pdp.apiKey, principalOf(grantee));
}
