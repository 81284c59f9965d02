import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, LogGroupGrants, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { IPdp } from './pdp.ts';
import { acknowledge, INLINE_POLICY, LOG_WITH_AWS_KEY } from './private/acknowledge.ts';
import { functionBundling } from './private/function-bundling.ts';
import { grantNetworkInterfaces } from './private/network-interfaces.ts';
import { isSameVpc } from './private/same-vpc.ts';
import { SynthesisError } from './synthesis-error.ts';

/** What `pdpFromEnvironment()` reads; the PDP's to set. */
const PDP_VARIABLES = [
  'PDP_URL',
  'PDP_BUNDLE',
  'PDP_SOURCE',
  'PDP_REFRESH_INTERVAL',
  'PDP_MAX_STALE',
  'PDP_VERIFY_KEY',
  'PDP_API_KEY',
  'PDP_API_KEY_SECRET',
  'PDP_CA',
  'PDP_CA_GENERATION',
];

/**
 * What a `NodejsFunction` takes, with other defaults: Node 24, ARM64, 1,024 MB, 10 seconds, a log in JSON that ends.
 */
export interface ProtectedFunctionProps extends NodejsFunctionProps {
  /** The PDP that the function asks. */
  readonly pdp: IPdp;
  /** The file of the handler (JavaScript or TypeScript); a relative path is relative to where `cdk` runs. */
  readonly entry: string;
  /**
   * The VPC of the function. With a PDP that is in a VPC it can be no other than the PDP's.
   *
   * @default - the PDP's, or none when the PDP is reached without one
   */
  readonly vpc?: IVpc;
  /**
   * Whether a function in a VPC may send to any address. Otherwise each way out is a rule of its own, of which
   * `grantEvaluate` makes the one to the PDP. Rules of `securityGroups` are theirs.
   *
   * @default false
   */
  readonly allowAllOutbound?: boolean;
  /**
   * The role. It gets what the function needs: to write its log, in a VPC its network interfaces, and what the PDP
   * grants. No managed policy is attached.
   *
   * @default - a new role
   */
  readonly role?: IRole;
  /**
   * MB of memory, and with it the share of a CPU: with the 128 of Lambda itself a handshake or an evaluation takes
   * several times as long.
   *
   * @default 1024
   */
  readonly memorySize?: number;
  /** @default Duration.seconds(10) */
  readonly timeout?: Duration;
  /**
   * How long the log is kept, unless `logGroup` is given.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the log when the function is removed, unless `logGroup` is given.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly logRemovalPolicy?: RemovalPolicy;
}

/**
 * A function that may ask a PDP: one ES module, a role with what it needs and no managed policy, a place in the PDP's
 * VPC when it has one, and the grant. The role and the log are beside it in its scope, as `<id>Role` and `<id>Log`.
 *
 * @example
 * const pdp = new EmbeddedPdp(this, 'Pdp', { policies: 'policies' });
 * new ProtectedFunction(this, 'ViewNote', { pdp, entry: 'src/view-note.ts' });
 */
export class ProtectedFunction extends NodejsFunction {
  /**
   * @throws SynthesisError when `vpc` is another than the PDP's, `environment` has a variable that is the PDP's to
   * set, or the PDP cannot be asked by such a function
   */
  constructor(scope: Construct, id: string, props: ProtectedFunctionProps) {
    const { pdp, bundling, logRetention, logRemovalPolicy, ...rest } = props;
    const path = [scope.node.path, id].filter((part) => part !== '').join('/');
    checkEnvironment(path, props.environment);
    const vpc = vpcFor(path, pdp, props.vpc);
    const role =
      props.role ?? new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logGroup =
      props.logGroup ??
      new LogGroup(scope, `${id}Log`, {
        retention: logRetention ?? RetentionDays.ONE_MONTH,
        ...(logRemovalPolicy === undefined ? {} : { removalPolicy: logRemovalPolicy }),
      });
    if (props.logGroup === undefined) acknowledge(logGroup, LOG_WITH_AWS_KEY);
    if (props.role === undefined) acknowledge(role, INLINE_POLICY);
    LogGroupGrants.fromLogGroup(logGroup).write(role);
    if (vpc !== undefined) grantNetworkInterfaces(role);
    super(scope, id, {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 1024,
      timeout: Duration.seconds(10),
      loggingFormat: LoggingFormat.JSON,
      ...rest,
      ...(vpc === undefined ? {} : { vpc, ...outbound(props) }),
      role,
      logGroup,
      bundling: functionBundling(bundling),
    });
    pdp.grantEvaluate(this);
  }
}

function checkEnvironment(path: string, environment: Record<string, string> = {}): void {
  const taken = PDP_VARIABLES.find((name) => name in environment);
  if (taken === undefined) return;
  throw new SynthesisError(
    `${path}: environment: ${taken} is the PDP's to set; leave it out, pdp says which PDP is asked`,
  );
}

function vpcFor(path: string, pdp: IPdp, asked: IVpc | undefined): IVpc | undefined {
  if (asked === undefined || pdp.vpc === undefined) return asked ?? pdp.vpc;
  if (isSameVpc(asked, pdp.vpc)) return asked;
  throw new SynthesisError(
    `${path}: vpc: ${asked.node.path} is not the VPC of ${pdp.node.path}, which is ${pdp.vpc.node.path}, so the ` +
      'function could not reach the PDP; leave vpc out, or give the PDP the same',
  );
}

/** CDK takes one or the other. */
function outbound(props: ProtectedFunctionProps): { allowAllOutbound?: boolean } {
  return props.securityGroups === undefined ? { allowAllOutbound: props.allowAllOutbound ?? false } : {};
}
