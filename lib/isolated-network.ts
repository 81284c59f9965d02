import { Aws, type RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  type IConnectable,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FargatePdp } from './fargate-pdp.ts';

const HTTPS = Port.tcp(443);

export interface IsolatedNetworkProps {
  /**
   * Number of availability zones. Every interface endpoint is paid for in each.
   *
   * @default 2
   */
  readonly maxAzs?: number;
  /**
   * How long flow logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the flow logs when the construct is removed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A VPC with no way to the internet and none back: isolated subnets, no NAT gateway, and endpoints for what a PDP on
 * Fargate and its functions need of AWS. Each endpoint serves this account only, with the calls that are needed.
 */
export class IsolatedNetwork extends Construct {
  readonly vpc: Vpc;
  readonly #taskEndpoints: SecurityGroup;
  readonly #secretsEndpoint: SecurityGroup;

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps = {}) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      maxAzs: props.maxAzs ?? 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLogGroup', {
          retention: props.logRetention ?? RetentionDays.ONE_MONTH,
          ...(props.removalPolicy === undefined ? {} : { removalPolicy: props.removalPolicy }),
        }),
      ),
    });
    this.#taskEndpoints = this.#endpointGroup('TaskEndpoints', 'Endpoints that only tasks of the PDP use');
    this.#secretsEndpoint = this.#endpointGroup(
      'SecretsEndpoint',
      'Secrets Manager, for tasks and functions',
    );
    this.#addEndpoints();
  }

  /** Lets tasks of a PDP pull their image, write their log and read their key. */
  connectPdp(pdp: FargatePdp): void {
    // Before the first task starts: one that cannot pull its image makes the circuit breaker give up.
    pdp.service.node.addDependency(this);
    // Their egress is the PDP's own business, so only the endpoints' side is set here.
    for (const group of pdp.connections.securityGroups) {
      this.#taskEndpoints.addIngressRule(group, HTTPS, 'image and log of the policy decision point');
      this.#secretsEndpoint.addIngressRule(group, HTTPS, 'key of the policy decision point');
    }
  }

  /** Lets a function read secrets. */
  connectFunction(grantee: IConnectable): void {
    grantee.connections.allowTo(this.#secretsEndpoint, HTTPS, 'read secrets');
  }

  #endpointGroup(id: string, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
  }

  #addEndpoints(): void {
    const { ECR, ECR_DOCKER, CLOUDWATCH_LOGS, SECRETS_MANAGER } = InterfaceVpcEndpointAwsService;
    const pull = ['ecr:GetAuthorizationToken', 'ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage'];
    const layers = [...pull, 'ecr:GetDownloadUrlForLayer'];
    this.#interface('EcrApi', ECR, this.#taskEndpoints, layers);
    this.#interface('EcrDocker', ECR_DOCKER, this.#taskEndpoints, layers);
    this.#interface('Logs', CLOUDWATCH_LOGS, this.#taskEndpoints, [
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
    this.#interface('Secrets', SECRETS_MANAGER, this.#secretsEndpoint, [
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
    ]);
    this.vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 }).addToPolicy(
      // Layers are fetched with URLs that ECR signed, so the principal is ECR's. The bucket is ECR's own:
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [`arn:${Aws.PARTITION}:s3:::prod-${Aws.REGION}-starport-layer-bucket/*`],
      }),
    );
  }

  #interface(
    id: string,
    service: InterfaceVpcEndpointAwsService,
    securityGroup: SecurityGroup,
    actions: string[],
  ): void {
    const endpoint = new InterfaceVpcEndpoint(this, id, {
      vpc: this.vpc,
      service,
      securityGroups: [securityGroup],
      subnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      // Not open to the whole VPC: a rule of the group names each that may.
      open: false,
    });
    endpoint.addToPolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions,
        resources: ['*'],
        conditions: { StringEquals: { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } },
      }),
    );
  }
}
