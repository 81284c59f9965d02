import type { Connections } from 'aws-cdk-lib/aws-ec2';
import type { CloudMapOptions, FargateService } from 'aws-cdk-lib/aws-ecs';
import type { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';

/** How callers get to the tasks. */
export interface Exposure {
  /** The base URL of the PDP. */
  readonly endpoint: string;
  /** The port that callers connect to. */
  readonly port: number;
  /** The DNS names in the certificate of the tasks. */
  readonly serverNames: string[];
  /** The registration of the tasks in Cloud Map. */
  readonly cloudMapOptions?: CloudMapOptions;
  /** Puts the service behind it. What it returns is what callers connect to, and the targets when there are any. */
  attach(service: FargateService): { connections: Connections; targets?: ApplicationTargetGroup };
}
