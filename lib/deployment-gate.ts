import { CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import {
  type CfnService,
  DeploymentLifecycleLambdaTarget,
  DeploymentLifecycleStage,
  DeploymentStrategy,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import type { FargatePdp } from './fargate-pdp.ts';
import { grantReadKey } from './private/api-key.ts';
import { writeDecisionTests } from './private/bundle.ts';
import { type FunctionLogs, roleWithLog } from './private/function-role.ts';
import { acknowledgeGateFindings } from './private/gate-findings.ts';
import { gateFunction } from './private/gate-function.ts';
import { PDP_PORT } from './private/pdp-container.ts';
import { SynthesisError } from './synthesis-error.ts';

const { BLUE_GREEN } = DeploymentStrategy;

export interface DeploymentGateProps {
  /** The PDP whose deployments are checked. */
  readonly pdp: FargatePdp;
  /**
   * The policies that the PDP is to run, with their decision tests in `tests/*.json`: what the PDP was given. The tests
   * are run at synth, too.
   */
  readonly policies: string;
  /**
   * How long the tasks may take to be as they should. At least 1 minute, at most 14.
   *
   * @default Duration.minutes(5)
   */
  readonly timeout?: Duration;
  /**
   * How long the logs of the gate are kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the logs when the construct is removed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Lets a deployment of a PDP pass only when every new task runs the revision that is deployed and gives the decisions
 * that the tests of its policies expect. Otherwise the deployment fails and is rolled back:
 *
 * - a rolling one by a custom resource, which is checked after the service and fails the stack;
 * - a blue/green one by a lifecycle hook, before the new tasks get any traffic.
 *
 * A function in the PDP's subnets asks ECS for the tasks and each task at its own address. In a VPC without a NAT
 * gateway it needs endpoints of ECS and Secrets Manager: {@link PdpEndpoints} with `ecs: true`, or your own, which then
 * have to let {@link DeploymentGate.function} in.
 *
 * What is expected is packed with the function, which a roll-back of the stack puts back before it is called again: the
 * roll-back is held to the revision before. The PDP runs the kit's image.
 *
 * @example
 * const pdp = new FargatePdp(this, 'Pdp', { vpc, policies: 'policies', endpoints });
 * new DeploymentGate(this, 'Gate', { pdp, policies: 'policies' });
 */
export class DeploymentGate extends Construct {
  /** The function that checks. */
  readonly function: LambdaFunction;
  /** The revision that tasks must run. */
  readonly revision: string;

  /**
   * @throws SynthesisError when the policies cannot be built or do not pass their tests, are not those of the PDP, or
   * the time-out is too short or too long
   */
  constructor(scope: Construct, id: string, props: DeploymentGateProps) {
    super(scope, id);
    const { pdp } = props;
    checkImage(pdp);
    const timeout = checkedTimeout(props.timeout ?? Duration.minutes(5));
    const logs: FunctionLogs = {
      retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    };
    let revision = '';
    this.function = gateFunction(this, {
      vpc: pdp.vpc,
      vpcSubnets: pdp.vpcSubnets,
      cluster: pdp.service.cluster,
      environment: { ...pdp.environment, ...authorityOf(pdp), PDP_TASK_PORT: `${PDP_PORT}` },
      timeout,
      logs,
      writeExpected: (file) => {
        ({ revision } = writeDecisionTests(props.policies, file));
      },
    });
    this.revision = revision;
    checkRevision(revision, pdp.revision);
    // Each task is asked, and not what stands before them.
    this.function.connections.allowTo(pdp.service, Port.tcp(PDP_PORT), 'check a deployment');
    this.#connectToAws(pdp);
    grantReadKey(pdp.apiKey, this.function);
    if (isRolling(pdp)) this.#checkAfterUpdate(pdp, timeout, logs);
    else this.#checkBeforeTraffic(pdp);
    acknowledgeGateFindings(this, this.function, pdp.service.cluster);
  }

  #connectToAws({ endpoints }: FargatePdp): void {
    endpoints?.connectCaller(this.function);
    if (endpoints?.connectGate(this.function) === true) return;
    // Endpoints that are not known here, or a NAT gateway: where to, beyond the VPC, is the routes' to say.
    this.function.connections.allowToAnyIpv4(Port.tcp(443), 'ECS and Secrets Manager');
  }

  /** CloudFormation has updated the service when all of its new tasks are healthy. */
  #checkAfterUpdate(pdp: FargatePdp, timeout: Duration, logs: FunctionLogs): void {
    const { service } = pdp;
    this.function.addToRolePolicy(
      new PolicyStatement({ actions: ['ecs:DescribeServices'], resources: [service.serviceArn] }),
    );
    const { role, logGroup } = roleWithLog(this, 'Provider', logs);
    // Its function is outside of the VPC, which has no way to where CloudFormation wants the answer.
    const provider = new Provider(this, 'Provider', {
      onEventHandler: this.function,
      frameworkOnEventRole: role,
      logGroup,
    });
    const check = new CustomResource(this, 'Check', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::PdpDeploymentGate',
      // The function's own time, and that of starting two.
      serviceTimeout: timeout.plus(Duration.minutes(2)),
      properties: {
        Cluster: service.cluster.clusterName,
        Service: service.serviceName,
        // Another of either is another deployment, which is to be checked.
        Revision: this.revision,
        TaskDefinition: service.taskDefinition.taskDefinitionArn,
      },
    });
    check.node.addDependency(service);
  }

  /** The service waits for the hook, so nothing that the function needs may wait for the service. */
  #checkBeforeTraffic(pdp: FargatePdp): void {
    const { service } = pdp;
    this.function.addToRolePolicy(
      new PolicyStatement({
        actions: ['ecs:DescribeServiceRevisions'],
        resources: [
          Stack.of(service).formatArn({
            service: 'ecs',
            resource: 'service-revision',
            resourceName: `${service.cluster.clusterName}/*`,
          }),
        ],
      }),
    );
    const invoke = new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [this.function.functionArn],
    });
    service.addLifecycleHook(
      new DeploymentLifecycleLambdaTarget(this.function, 'Gate', {
        lifecycleStages: [DeploymentLifecycleStage.POST_SCALE_UP],
        role: new Role(this, 'HookRole', {
          assumedBy: new ServicePrincipal('ecs.amazonaws.com'),
          // In the role from the start: the first deployment may call the hook before a policy of its own is there.
          inlinePolicies: { invoke: new PolicyDocument({ statements: [invoke] }) },
        }),
      }),
    );
  }
}

/** A load balancer's callers trust another authority than that of the tasks behind it. */
function authorityOf({ taskAuthority }: FargatePdp): Record<string, string> {
  return taskAuthority === undefined ? {} : { PDP_CA: taskAuthority };
}

/** What the service was made with. It is not resolved: CDK would keep the list of hooks as it is now, empty. */
function isRolling({ service }: FargatePdp): boolean {
  const { deploymentConfiguration = {} } = service.node.defaultChild as CfnService;
  return !('strategy' in deploymentConfiguration) || deploymentConfiguration.strategy !== BLUE_GREEN;
}

/** Only tasks of the kit's image write metrics, and say their revision; only policies in it are those of the deployment. */
function checkImage({ node, metricsName, policyStores: [store] }: FargatePdp): void {
  if (store !== undefined) {
    throw new SynthesisError(
      `pdp: ${node.path} takes its policies from ${store.node.path}, where another revision may be published at any ` +
        'time; leave it ungated, and follow a publication with `pdp publish --wait`',
    );
  }
  if (metricsName !== undefined) return;
  throw new SynthesisError(
    `pdp: ${node.path} does not run the kit's image, whose tasks say their revision; leave it ungated`,
  );
}

function checkedTimeout(timeout: Duration): Duration {
  const minutes = timeout.toMinutes({ integral: false });
  // The framework's own function, which waits for it, has 15 minutes.
  if (minutes >= 1 && minutes <= 14) return timeout;
  throw new SynthesisError(
    `timeout: ${timeout.toHumanString()} is not from 1 to 14 minutes; use Duration.minutes(5)`,
  );
}

function checkRevision(tested: string, deployed: string | undefined): void {
  if (deployed === undefined || tested === deployed) return;
  throw new SynthesisError(
    `policies: their revision is ${tested}, the PDP's is ${deployed}; give the gate the policies of the PDP`,
  );
}
