import { Aws, Stack } from 'aws-cdk-lib';
import {
  type GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  type IConnectable,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  Port,
  SecurityGroup,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { IPolicyStore } from './policy-store.ts';
import { mostPrivate } from './private/subnets.ts';

const HTTPS = Port.tcp(443);

const ANY_OBJECT = `arn:${Aws.PARTITION}:s3:::*/*`;

export interface PdpEndpointsProps {
  readonly vpc: IVpc;
  /**
   * Where the interface endpoints are. Each is paid for in every zone.
   *
   * @default - the isolated subnets, or those with egress when the VPC has no isolated ones
   */
  readonly subnets?: SubnetSelection;
  /**
   * Whether there is an endpoint of ECS too, which a deployment gate asks for the tasks.
   *
   * @default false
   */
  readonly ecs?: boolean;
}

/**
 * What a PDP on Fargate and its callers need of AWS in a VPC without a NAT gateway: endpoints of ECR, CloudWatch Logs
 * and Secrets Manager, and the gateway of S3, from which image layers come. Each serves this account only, with the
 * calls that are needed, and no one that a rule does not name.
 *
 * Make them once for a VPC: two endpoints of one service cannot share its private DNS name.
 *
 * @example
 * const endpoints = new PdpEndpoints(this, 'Endpoints', { vpc });
 * const pdp = new FargatePdp(this, 'Pdp', { vpc, policies: 'policies', endpoints });
 */
export class PdpEndpoints extends Construct {
  readonly #vpc: IVpc;
  readonly #subnets: SubnetSelection;
  readonly #tasks: SecurityGroup;
  readonly #secrets: SecurityGroup;
  readonly #ecs: SecurityGroup | undefined;
  readonly #s3: GatewayVpcEndpoint;
  /** What of S3 is let through so far. */
  readonly #stores = new Set<string>();

  constructor(scope: Construct, id: string, props: PdpEndpointsProps) {
    super(scope, id);
    this.#vpc = props.vpc;
    this.#subnets = props.subnets ?? mostPrivate(props.vpc);
    this.#tasks = this.#group('Tasks', 'Endpoints that only tasks of the PDP use');
    this.#secrets = this.#group('Secrets', 'Secrets Manager, for tasks and their callers');
    const { ECR, ECR_DOCKER, CLOUDWATCH_LOGS, SECRETS_MANAGER, ECS } = InterfaceVpcEndpointAwsService;
    this.#interface('EcrApi', ECR, this.#tasks, PULL);
    this.#interface('EcrDocker', ECR_DOCKER, this.#tasks, PULL);
    this.#interface('Logs', CLOUDWATCH_LOGS, this.#tasks, ['logs:CreateLogStream', 'logs:PutLogEvents']);
    this.#interface('SecretsManager', SECRETS_MANAGER, this.#secrets, [
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
    ]);
    if (props.ecs === true) {
      this.#ecs = this.#group('Ecs', 'ECS, for the deployment gate');
      this.#interface('EcsApi', ECS, this.#ecs, [
        'ecs:DescribeServiceRevisions',
        'ecs:DescribeServices',
        'ecs:DescribeTasks',
        'ecs:ListTasks',
      ]);
    }
    this.#s3 = this.#gateway();
  }

  /** Lets tasks pull their image, write their log and read their secrets. */
  connectTasks(tasks: ISecurityGroup): void {
    // Their egress is the PDP's own business, so only the endpoints' side is set here: in the stack of the tasks.
    tasks.connections.securityGroups.forEach((group) => {
      this.#tasks.addIngressRule(group, HTTPS, 'image and log of the policy decision point', true);
      this.#secrets.addIngressRule(group, HTTPS, 'secrets of the policy decision point', true);
    });
  }

  /** Lets a caller read its key. */
  connectCaller(caller: IConnectable): void {
    caller.connections.allowTo(this.#secrets, HTTPS, 'read secrets');
  }

  /**
   * Lets a deployment gate ask ECS for the tasks.
   *
   * @returns whether there is an endpoint of ECS; otherwise nothing is done
   */
  connectGate(gate: IConnectable): boolean {
    if (this.#ecs === undefined) return false;
    gate.connections.allowTo(this.#ecs, HTTPS, 'ask for the tasks');
    return true;
  }

  /**
   * Lets what is in the VPC read a store through the gateway of S3, if its role may. A store of another stack is not
   * named, since that stack may be one that waits for this: then any bucket of the account is.
   */
  connectStore(store: IPolicyStore): void {
    const isImported = !(store.bucket.node.defaultChild instanceof CfnBucket);
    const isNamed = isImported || Stack.of(store.bucket) === Stack.of(this);
    const inAccount = { 'aws:PrincipalAccount': Aws.ACCOUNT_ID };
    const address = isNamed ? store.bucket.arnForObjects(store.objectKey) : ANY_OBJECT;
    if (this.#stores.has(address)) return;
    this.#stores.add(address);
    this.#s3.addToPolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [address],
        conditions: {
          StringEquals: isNamed ? inAccount : { ...inAccount, 'aws:ResourceAccount': Aws.ACCOUNT_ID },
        },
      }),
    );
  }

  #group(id: string, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc: this.#vpc, description, allowAllOutbound: false });
  }

  #gateway(): GatewayVpcEndpoint {
    const gateway = this.#vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    gateway.addToPolicy(
      // Layers are fetched with URLs that ECR signed, so the principal is ECR's. The bucket is ECR's own:
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [`arn:${Aws.PARTITION}:s3:::prod-${Aws.REGION}-starport-layer-bucket/*`],
      }),
    );
    return gateway;
  }

  #interface(
    id: string,
    service: InterfaceVpcEndpointAwsService,
    securityGroup: SecurityGroup,
    actions: string[],
  ): void {
    const endpoint = new InterfaceVpcEndpoint(this, id, {
      vpc: this.#vpc,
      service,
      securityGroups: [securityGroup],
      subnets: this.#subnets,
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

/** What pulling an image takes of ECR's API and of its Docker registry. */
const PULL = [
  'ecr:GetAuthorizationToken',
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
];
