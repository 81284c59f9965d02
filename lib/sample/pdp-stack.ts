import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Construct } from 'constructs';
import { DeploymentGate } from '../deployment-gate.ts';
import { FargatePdp } from '../fargate-pdp.ts';
import type { FargatePdpProps } from '../fargate-pdp-props.ts';
import type { PdpImage } from '../pdp-image.ts';
import { PdpMonitoring } from '../pdp-monitoring.ts';
import { samplePolicies } from '../private/package-files.ts';
import { alarmTopic } from './alarm-topic.ts';
import { type NetworkSource, networkIn } from './network-stack.ts';
import type { BalancerSettings, SampleSettings } from './settings.ts';

const removalPolicy = RemovalPolicy.DESTROY;

export interface PdpStackProps extends StackProps {
  readonly network: NetworkSource;
  readonly settings: SampleSettings;
  /** The image with the sample's policies. */
  readonly image: PdpImage;
}

/** The policy decision point of the sample as a service of its own: `serverless`, `cluster` or `star`. */
export class PdpStack extends Stack {
  readonly pdp: FargatePdp;

  constructor(scope: Construct, id: string, { network, settings, image, ...props }: PdpStackProps) {
    super(scope, id, { description: 'A policy decision point on Fargate', ...props });
    const { vpc, endpoints } = networkIn(this, network);
    const { transport, placement } = settings;
    const common: FargatePdpProps = {
      vpc,
      image,
      removalPolicy,
      ...(endpoints === undefined ? {} : { endpoints }),
      ...(transport === undefined ? {} : { transport }),
    };
    if (placement === 'star') this.pdp = FargatePdp.star(this, 'Pdp', common);
    else if (placement === 'cluster') this.pdp = this.#cluster(common, settings.balancer);
    else this.pdp = new FargatePdp(this, 'Pdp', common);
    if (this.pdp.policyStores.length === 0) {
      new DeploymentGate(this, 'Gate', { pdp: this.pdp, policies: samplePolicies, removalPolicy });
    }
    const alarmActions = [new SnsAction(alarmTopic(this))];
    new PdpMonitoring(this, 'Monitoring', { pdp: this.pdp, alarmActions });
  }

  /** Two to ten tasks by load, half of those beyond the first on Spot; behind a load balancer when it has a name. */
  #cluster(common: FargatePdpProps, balancer: BalancerSettings | undefined): FargatePdp {
    const tasks: FargatePdpProps = {
      ...common,
      cpu: 1024,
      memoryLimitMiB: 2048,
      scaling: { minTasks: 2, maxTasks: 10 },
      spotWeight: 50,
    };
    if (balancer === undefined) return new FargatePdp(this, 'Pdp', tasks);
    const { certificateArn, domainName } = balancer;
    return new FargatePdp(this, 'Pdp', {
      ...tasks,
      scaling: { minTasks: 2, maxTasks: 10, requestsPerTaskPerMinute: 60_000 },
      exposure: 'loadBalancer',
      deployment: 'blueGreen',
      loadBalancer: {
        domainName,
        certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      },
    });
  }
}
