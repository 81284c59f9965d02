import type { Connections } from 'aws-cdk-lib/aws-ec2';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

/** A policy decision point that functions may be allowed to ask, wherever it runs. */
export interface IPdp extends IConstruct {
  /**
   * The security groups that the PDP listens behind.
   *
   * @default - nothing listens: the PDP is inside the function
   */
  readonly connections?: Connections;
  /**
   * The base URL of the PDP.
   *
   * @default - nothing listens: the PDP is inside the function
   */
  readonly endpoint?: string;
  /**
   * Lets a function ask this PDP: the network path, the permissions and the environment variables that
   * `pdpFromEnvironment()` reads, and no more.
   *
   * @throws SynthesisError when the function cannot reach the PDP
   */
  grantEvaluate(grantee: LambdaFunction): Grant;
}
