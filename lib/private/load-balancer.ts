import { Duration } from 'aws-cdk-lib';
import { type IVpc, Port, SecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { AlternateTarget, type FargateService, ListenerRuleConfiguration } from 'aws-cdk-lib/aws-ecs';
import {
  type ApplicationListener,
  ApplicationListenerRule,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCondition,
  Protocol,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ARecord, PrivateHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { PdpLoadBalancer } from '../fargate-pdp-props.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { acknowledge } from './acknowledge.ts';
import type { Exposure } from './exposure.ts';
import { PDP_CONTAINER, PDP_PORT } from './pdp-container.ts';

/** How long the balancer lets requests under way end on a task that goes. Shorter than the task's own drain. */
const DEREGISTRATION_DELAY = Duration.seconds(15);

export interface LoadBalancerProps extends PdpLoadBalancer {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly transport: 'tls' | 'plain';
  /** Whether the tasks themselves serve TLS. */
  readonly tasksServeTls: boolean;
  readonly readyPath: string;
  readonly blueGreen: boolean;
  readonly deletionProtection: boolean;
}

/** The tasks behind an internal Application Load Balancer, under a name that its certificate is for. */
export class PdpBalancer extends Construct implements Exposure {
  readonly endpoint: string;
  readonly port: number;
  readonly serverNames: string[];
  readonly #props: LoadBalancerProps;
  readonly #balancer: ApplicationLoadBalancer;

  /** @throws SynthesisError when TLS is asked for without a certificate and a name */
  constructor(scope: Construct, props: LoadBalancerProps) {
    super(scope, 'Balancer');
    this.#props = props;
    const { transport, certificate, domainName } = props;
    if (transport === 'tls' && (certificate === undefined || domainName === undefined)) {
      const missing = certificate === undefined ? 'certificate' : 'domainName';
      throw new SynthesisError(
        `loadBalancer.${missing}: missing; callers verify the load balancer by an ACM certificate and the name ` +
          "it is for, or give TLS up with transport: 'plain'",
      );
    }
    this.#balancer = this.#makeBalancer();
    this.port = transport === 'tls' ? 443 : PDP_PORT;
    const host = domainName ?? this.#balancer.loadBalancerDnsName;
    this.endpoint = transport === 'tls' ? `https://${host}` : `http://${host}:${PDP_PORT}`;
    this.serverNames = [domainName ?? 'pdp.internal'];
    if (domainName !== undefined) this.#addRecord(domainName);
  }

  attach(service: FargateService) {
    const { blueGreen } = this.#props;
    const targets = this.#addTargets('Targets');
    const listener = this.#addListener(blueGreen ? undefined : targets);
    const alternateTarget = blueGreen ? this.#alternateTo(targets, listener) : undefined;
    if (blueGreen) acknowledge(service, { [MANAGED_POLICY]: MANAGED_REASON });
    service
      .loadBalancerTarget({
        containerName: PDP_CONTAINER,
        containerPort: PDP_PORT,
        ...(alternateTarget === undefined ? {} : { alternateTarget }),
      })
      .attachToApplicationTargetGroup(targets);
    service.connections.allowFrom(this.#balancer, Port.tcp(PDP_PORT), 'questions, through the load balancer');
    return { connections: listener.connections, targets };
  }

  #makeBalancer(): ApplicationLoadBalancer {
    const { vpc, vpcSubnets, deletionProtection, accessLogBucket } = this.#props;
    const balancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      vpcSubnets,
      internetFacing: false,
      deletionProtection,
      dropInvalidHeaderFields: true,
      securityGroup: new SecurityGroup(this, 'SecurityGroup', {
        vpc,
        description: 'Load balancer of the policy decision point: in, from who may ask; out, to its tasks',
        allowAllOutbound: false,
      }),
    });
    if (accessLogBucket !== undefined) balancer.logAccessLogs(accessLogBucket);
    acknowledge(balancer, findings(this.#props));
    return balancer;
  }

  #addListener(targets: ApplicationTargetGroup | undefined): ApplicationListener {
    const { certificate, transport } = this.#props;
    return this.#balancer.addListener('Listener', {
      port: this.port,
      protocol: transport === 'tls' ? ApplicationProtocol.HTTPS : ApplicationProtocol.HTTP,
      open: false,
      ...(transport === 'tls' ? { sslPolicy: SslPolicy.TLS13_RES } : {}),
      ...(certificate === undefined ? {} : { certificates: [certificate] }),
      // Behind a rule, which blue/green deployments rewrite, there is nothing to ask.
      defaultAction:
        targets === undefined ? ListenerAction.fixedResponse(404) : ListenerAction.forward([targets]),
    });
  }

  /** The second target group, between which and the first a deployment moves the one rule. */
  #alternateTo(targets: ApplicationTargetGroup, listener: ApplicationListener): AlternateTarget {
    const rule = new ApplicationListenerRule(this, 'Production', {
      listener,
      priority: 1,
      conditions: [ListenerCondition.pathPatterns(['/*'])],
      action: ListenerAction.forward([targets]),
    });
    return new AlternateTarget('Alternate', {
      alternateTargetGroup: this.#addTargets('AlternateTargets'),
      productionListener: ListenerRuleConfiguration.applicationListenerRule(rule),
    });
  }

  #addTargets(id: string): ApplicationTargetGroup {
    const { vpc, tasksServeTls, readyPath } = this.#props;
    return new ApplicationTargetGroup(this, id, {
      vpc,
      targetType: TargetType.IP,
      port: PDP_PORT,
      protocol: tasksServeTls ? ApplicationProtocol.HTTPS : ApplicationProtocol.HTTP,
      deregistrationDelay: DEREGISTRATION_DELAY,
      healthCheck: {
        path: readyPath,
        protocol: tasksServeTls ? Protocol.HTTPS : Protocol.HTTP,
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    });
  }

  #addRecord(domainName: string): void {
    const { vpc, hostedZone } = this.#props;
    new ARecord(this, 'Record', {
      zone: hostedZone ?? new PrivateHostedZone(this, 'Zone', { vpc, zoneName: domainName }),
      // With the dot it is the whole name, and not one within the zone.
      recordName: `${domainName}.`,
      target: RecordTarget.fromAlias(new LoadBalancerTarget(this.#balancer)),
    });
  }
}

const NO_ACCESS_LOG =
  'The decision log has every request, with who asked what; loadBalancer.accessLogBucket makes a second record.';

/** Of a load balancer, as it was asked for. */
function findings({ accessLogBucket, deletionProtection }: LoadBalancerProps): Record<string, string> {
  return {
    'NIST.800.53.R5-ALBWAFEnabled':
      'It is internal, and takes connections only from callers that a security group names: not from browsers.',
    ...(accessLogBucket === undefined
      ? { 'AwsSolutions-ELB2': NO_ACCESS_LOG, 'NIST.800.53.R5-ELBLoggingEnabled': NO_ACCESS_LOG }
      : {}),
    ...(deletionProtection
      ? {}
      : { 'NIST.800.53.R5-ELBDeletionProtectionEnabled': 'Asked for: removalPolicy is DESTROY.' }),
  };
}

const MANAGED_POLICY =
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers]';

const MANAGED_REASON = "ECS's own policy, for what it does to rules and targets in a blue/green deployment.";
