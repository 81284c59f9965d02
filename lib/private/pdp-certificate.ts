import { CustomResource, Duration, Lazy, RemovalPolicy, Token } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Secret as EcsSecret, type FargateService } from 'aws-cdk-lib/aws-ecs';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, Dependable } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';
import { acknowledgeCertificateFindings } from './certificate-findings.ts';
import { CertificateSecrets } from './certificate-secrets.ts';
import { kitFunction } from './package-files.ts';

export interface PdpCertificateProps {
  /** The DNS names that callers know the PDP by: the host of its URL. Another name is a new certificate. */
  readonly serverNames: string[];
  /**
   * Another value makes a new certificate authority. The one before is trusted beside it and goes on signing until
   * a day has passed, in which every stack with a caller is to be deployed.
   *
   * @default '1'
   */
  readonly generation?: string;
  /**
   * The key that the two secrets are encrypted with.
   *
   * @default - the account's own key for Secrets Manager, `aws/secretsmanager`
   */
  readonly encryptionKey?: IKey;
  /**
   * How long the function's log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the function's log when the construct is removed. The secrets go with it.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A certificate authority of the PDP's own and a server certificate of it, made when the stack is deployed and
 * renewed 30 days before its end. What depends on this construct is created when both are there.
 */
export class PdpCertificate extends Construct {
  /** The authorities that callers are to trust, in PEM: for `PDP_CA`. A value known at deployment. */
  readonly certificateAuthority: string;
  /** What a container serves TLS with. The role that starts the task may read it. */
  readonly containerSecrets: Readonly<Record<'PDP_TLS_CERT' | 'PDP_TLS_KEY', EcsSecret>>;
  readonly #function: LambdaFunction;
  readonly #role: Role;
  readonly #services: { cluster: string; service: string }[] = [];
  #restart: Policy | undefined;

  /** @throws SynthesisError when a name is not a DNS name, there is none, or the generation is empty */
  constructor(scope: Construct, id: string, props: PdpCertificateProps) {
    super(scope, id);
    const { generation = '1' } = props;
    checkNames(props.serverNames);
    if (generation === '') throw new SynthesisError("generation: it is empty; use a value such as '2'");
    this.#role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const secrets = new CertificateSecrets(this, this.#role, props.encryptionKey);
    this.#function = this.#newFunction(props, secrets);

    const resource = new CustomResource(this, 'Resource', {
      serviceToken: this.#function.functionArn,
      resourceType: 'Custom::PdpCertificate',
      // Time for Lambda's two retries.
      serviceTimeout: Duration.minutes(10),
      properties: { ServerNames: props.serverNames, Generation: generation },
    });
    // Nobody else may read the authority from the moment that it is there.
    resource.node.addDependency(secrets);
    Dependable.implement(this, { dependencyRoots: [resource] });
    this.certificateAuthority = resource.getAttString('CertificateAuthority');
    this.containerSecrets = {
      PDP_TLS_CERT: EcsSecret.fromSecretsManager(secrets.server, 'certificate'),
      PDP_TLS_KEY: EcsSecret.fromSecretsManager(secrets.server, 'privateKey'),
    };

    const rule = new Rule(this, 'Daily', {
      description: 'Renews the certificate of the policy decision point in time',
      schedule: Schedule.rate(Duration.days(1)),
      targets: [
        new LambdaTarget(this.#function, {
          event: RuleTargetInput.fromObject({
            action: 'renew',
            services: Lazy.any({ produce: () => this.#services }),
          }),
        }),
      ],
    });
    rule.node.addDependency(resource);
    acknowledgeCertificateFindings(this, props.encryptionKey !== undefined);
  }

  /**
   * Has the service start new tasks when there is a new certificate: tasks read it when they start. The permission
   * is a policy of its own, so that the service may depend on this construct.
   */
  restartOnRenewal(service: FargateService): void {
    this.#restart ??= new Policy(this, 'Restart', { roles: [this.#role] });
    this.#restart.addStatements(
      new PolicyStatement({
        actions: ['ecs:DescribeServices', 'ecs:UpdateService'],
        resources: [service.serviceArn],
      }),
    );
    this.#services.push({ cluster: service.cluster.clusterArn, service: service.serviceArn });
  }

  /**
   * Runs that failed: a certificate that could not be renewed, tasks that could not be restarted, or an authority
   * that is to be rotated. There are 30 daily runs from the first that renews to the end of the certificate.
   *
   * @default - the sum over five minutes
   */
  metricErrors(props?: MetricOptions): Metric {
    return this.#function.metricErrors(props);
  }

  #newFunction(props: PdpCertificateProps, secrets: CertificateSecrets): LambdaFunction {
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    logGroup.grantWrite(this.#role);
    return new LambdaFunction(this, 'Function', {
      description: 'Makes and renews the certificate of the policy decision point',
      code: Code.fromAsset(kitFunction('certificate')),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.minutes(1),
      role: this.#role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: {
        AUTHORITY_SECRET: secrets.authority.secretArn,
        SERVER_SECRET: secrets.server.secretArn,
      },
    });
  }
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

function checkNames(names: readonly string[]): void {
  if (names.length === 0)
    throw new SynthesisError('serverNames: there is none; give the host of the PDP URL');
  for (const name of names) {
    if (Token.isUnresolved(name)) continue;
    const labels = name.split('.');
    // Only digits at the end is an address, which a certificate names in another way.
    const isName = labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
    if (!isName || name.length > 253) {
      throw new SynthesisError(`serverNames: '${name}' is not a DNS name, like api.pdp.internal`);
    }
  }
}
