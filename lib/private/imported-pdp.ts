import { Token } from 'aws-cdk-lib';
import type { Connections, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { FargatePdpAttributes } from '../fargate-pdp-props.ts';
import { MonitoredPdp } from '../monitored-pdp.ts';
import type { PdpGrantee } from '../pdp.ts';
import type { PdpEndpoints } from '../pdp-endpoints.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { grantNetworked } from './grantee.ts';
import { PDP_PORT } from './pdp-container.ts';

/** A PDP that another stack or app has deployed, by what is known of it. */
export class ImportedPdp extends MonitoredPdp {
  readonly connections: Connections;
  readonly endpoint: string;
  readonly vpc: IVpc | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly apiKey: ISecret;
  readonly endpoints: PdpEndpoints | undefined;
  readonly expectedTasks = undefined;
  readonly metricsName: string | undefined;
  readonly #port: number;

  /** @throws SynthesisError when `endpoint` is no URL */
  constructor(scope: Construct, id: string, attributes: FargatePdpAttributes) {
    super(scope, id);
    const { endpoint, securityGroup, apiKey, certificateAuthority } = attributes;
    this.#port = portOf(endpoint);
    this.connections = securityGroup.connections;
    this.endpoint = endpoint;
    this.vpc = attributes.vpc;
    this.endpoints = attributes.endpoints;
    this.apiKey = apiKey;
    this.metricsName = attributes.metricsName;
    this.environment = {
      PDP_URL: endpoint,
      PDP_API_KEY_SECRET: apiKey.secretArn,
      ...(certificateAuthority === undefined ? {} : { PDP_CA: certificateAuthority }),
    };
  }

  grantEvaluate(grantee: PdpGrantee): Grant {
    return grantNetworked(this, this.#port, grantee);
  }
}

function portOf(endpoint: string): number {
  if (Token.isUnresolved(endpoint)) return PDP_PORT;
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new SynthesisError(`endpoint: "${endpoint}" is not the URL of a PDP; use its \`endpoint\``);
  }
  const { port, protocol } = new URL(endpoint);
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
