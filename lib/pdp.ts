import type { Connections, IConnectable, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { BaseService } from 'aws-cdk-lib/aws-ecs';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

/**
 * What may be allowed to ask: a function, or a version or an alias of one; an ECS service, whose containers ask; or
 * anything else that has a role and security groups.
 */
export type PdpGrantee = LambdaFunction | BaseService | (IGrantable & IConnectable);

/** A policy decision point that functions and services may be allowed to ask, wherever it runs. */
export interface IPdp extends IConstruct {
  /**
   * The security groups that the PDP listens behind.
   *
   * @default - none that are known: the PDP is inside the function, beside its caller, or someone else's
   */
  readonly connections?: Connections;
  /**
   * The base URL of the PDP.
   *
   * @default - nothing listens: the PDP is inside the function
   */
  readonly endpoint?: string;
  /**
   * The VPC from which the PDP is reached.
   *
   * @default - it is reached from anywhere, or inside its caller
   */
  readonly vpc?: IVpc;
  /**
   * The environment variables that `pdpFromEnvironment()` reads. {@link IPdp.grantEvaluate} sets them where it can; it
   * cannot on a grantee that has no environment, such as an EC2 instance.
   */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Lets a function or service ask this PDP: the network path, the permissions and the environment variables that
   * `pdpFromEnvironment()` reads, and no more.
   *
   * @throws SynthesisError when the grantee cannot reach the PDP
   */
  grantEvaluate(grantee: PdpGrantee): Grant;
}
