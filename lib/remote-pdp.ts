import { Token } from 'aws-cdk-lib';
import { type IPeer, Peer, Port } from 'aws-cdk-lib/aws-ec2';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { IPdp, PdpGrantee } from './pdp.ts';
import type { PdpEndpoints } from './pdp-endpoints.ts';
import { grantReadKey } from './private/api-key.ts';
import {
  callerOf,
  connectableOf,
  isFunction,
  letReadKey,
  principalOf,
  setEnvironment,
} from './private/grantee.ts';
import { SynthesisError } from './synthesis-error.ts';

export interface RemotePdpProps {
  /** The base URL of the PDP, https: `https://pdp.example.com`. */
  readonly url: string;
  /** The key that callers prove themselves with, as plain text in the secret. */
  readonly apiKey: ISecret;
  /**
   * Certificate authorities to trust in place of the well-known ones, in PEM, at most 3 KiB.
   *
   * @default - the well-known ones
   */
  readonly certificateAuthority?: string;
  /**
   * Where the PDP is, for the egress rule of callers in a VPC: an address range, a prefix list or a security group.
   *
   * @default Peer.anyIpv4() on the port of `url`: the addresses of a cloud are not known
   */
  readonly peer?: IPeer;
  /**
   * The endpoints of an isolated VPC, through which callers in it read the key.
   *
   * @default - callers reach Secrets Manager by themselves
   */
  readonly endpoints?: PdpEndpoints;
}

/**
 * A policy decision point that someone else hosts: a cloud PDP, or one in another region or account. Nothing is
 * deployed but what callers need.
 *
 * @example
 * const apiKey = Secret.fromSecretNameV2(this, 'Key', 'pdp-key');
 * const pdp = new RemotePdp(this, 'Pdp', { url: 'https://pdp.example.com', apiKey });
 * pdp.grantEvaluate(viewNote);
 */
export class RemotePdp extends Construct implements IPdp {
  readonly connections = undefined;
  readonly endpoint: string;
  readonly vpc = undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly apiKey: ISecret;
  readonly #peer: IPeer;
  readonly #port: Port;
  readonly #endpoints: PdpEndpoints | undefined;

  /** @throws SynthesisError when `url` is not an https URL, or the authorities are not PEM */
  constructor(scope: Construct, id: string, props: RemotePdpProps) {
    super(scope, id);
    const { url, apiKey, certificateAuthority } = props;
    this.endpoint = url;
    this.apiKey = apiKey;
    this.#port = Port.tcp(securePort(url));
    this.#peer = props.peer ?? Peer.anyIpv4();
    this.#endpoints = props.endpoints;
    this.environment = {
      PDP_URL: url,
      PDP_API_KEY_SECRET: apiKey.secretArn,
      ...(certificateAuthority === undefined ? {} : { PDP_CA: checkedPem(certificateAuthority) }),
    };
  }

  /**
   * Lets the grantee read the key and, when it is in a VPC, connect to the PDP; sets `PDP_URL`, `PDP_API_KEY_SECRET`
   * and `PDP_CA`. The grant is the one to read the key.
   *
   * @throws SynthesisError when a grantee other than a function has no security group
   */
  grantEvaluate(asked: PdpGrantee): Grant {
    const grantee = callerOf(asked);
    if (!isFunction(grantee) || grantee.isBoundToVpc) {
      const caller = connectableOf(grantee);
      caller.connections.allowTo(this.#peer, this.#port, 'ask the policy decision point');
      letReadKey(caller, this.#endpoints);
    }
    setEnvironment(grantee, this.environment);
    return grantReadKey(this.apiKey, principalOf(grantee));
  }
}

/** A key and questions that cross networks are encrypted, always. */
function securePort(url: string): number {
  if (Token.isUnresolved(url)) return 443;
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new SynthesisError(`url: "${url}" is not an https URL; the key must not travel unencrypted`);
  }
  const { port } = new URL(url);
  return port === '' ? 443 : Number(port);
}

/** Lambda has 4 KiB for all variables of a function. */
const MAX_PEM = 3 * 1024;

function checkedPem(pem: string): string {
  if (Token.isUnresolved(pem)) return pem;
  if (!/^\s*-----BEGIN CERTIFICATE-----/.test(pem)) {
    throw new SynthesisError(
      'certificateAuthority: it is not a certificate in PEM; pass the text, not the path',
    );
  }
  if (pem.length <= MAX_PEM) return pem;
  throw new SynthesisError(
    `certificateAuthority: ${pem.length} characters; a function has 4 KiB for all variables, so pass ${MAX_PEM} at most`,
  );
}
