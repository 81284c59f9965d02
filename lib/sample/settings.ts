import type { Node } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';
import type { TokenIssuer } from './identity.ts';
import { PLACEMENTS, type Placement } from './placements.ts';

/** A PDP that someone else hosts. */
export interface RemoteSettings {
  readonly url: string;
  /** The name of the secret that holds its key. */
  readonly apiKeySecret: string;
}

/** What callers of a load balancer see. */
export interface BalancerSettings {
  readonly certificateArn: string;
  readonly domainName: string;
}

/** Who publishes to the store of the policies. */
export interface StoreSettings {
  /**
   * The Git repository of the policies, `OWNER/REPOSITORY`: from GitHub Actions unless there is a connection. One that
   * was made since 15 July 2026 with its numbers, `OWNER@ID/REPOSITORY@ID`.
   */
  readonly repository?: string;
  /** The connection to the Git host, for a pipeline. */
  readonly connectionArn?: string;
  /** A role that publishes by hand. */
  readonly publisherArn?: string;
}

/** What `-c name=value` sets of the sample. */
export interface SampleSettings {
  /** `placement`; by default `serverless`. */
  readonly placement: Placement;
  /** `issuer` with `audience`: who signs the tokens that the API accepts; by default a user pool of the stack. */
  readonly tokens?: TokenIssuer;
  /** `vpcId`: a VPC that is there; by default a new one without a way to the internet. */
  readonly vpcId?: string;
  /** `transport`: `tls` or `plain`; by default `tls`. */
  readonly transport?: 'tls' | 'plain';
  /** `certificateArn` with `domainName`: the cluster behind an internal load balancer. */
  readonly balancer?: BalancerSettings;
  /** `url` with `apiKeySecret`: the PDP of the placement `remote`. */
  readonly remote?: RemoteSettings;
  /**
   * `policies=store`, with `repository`, `connectionArn` and `publisherArn` if wanted: policies that PDPs take while
   * they run; by default they are in the image or the layer.
   */
  readonly store?: StoreSettings;
}

/**
 * Reads the context of the app.
 *
 * @throws SynthesisError when a value is wrong, missing, or of no use in the placement
 */
export function readSettings(node: Node): SampleSettings {
  const placement = readPlacement(text(node, 'placement'));
  const tokens = readTokens(node);
  const vpcId = text(node, 'vpcId');
  const transport = readTransport(text(node, 'transport'));
  const balancer = pair(node, 'certificateArn', 'domainName');
  const remote = pair(node, 'url', 'apiKeySecret');
  const store = readStore(node);
  refuse(store !== undefined && placement === 'remote', 'policies', placement, 'has policies of its own');
  refuse(
    vpcId !== undefined && ['embedded', 'remote'].includes(placement),
    'vpcId',
    placement,
    'needs no VPC',
  );
  refuse(
    balancer !== undefined && placement !== 'cluster',
    'certificateArn',
    placement,
    'has no load balancer',
  );
  refuse(remote !== undefined && placement !== 'remote', 'url', placement, 'has a PDP of its own');
  if (placement === 'remote' && remote === undefined) {
    throw new SynthesisError(
      'url: missing; -c placement=remote needs -c url=https://… and -c apiKeySecret=NAME',
    );
  }
  return {
    placement,
    ...(tokens === undefined ? {} : { tokens }),
    ...(vpcId === undefined ? {} : { vpcId }),
    ...(transport === undefined ? {} : { transport }),
    ...(balancer === undefined ? {} : { balancer: { certificateArn: balancer[0], domainName: balancer[1] } }),
    ...(remote === undefined ? {} : { remote: { url: remote[0], apiKeySecret: remote[1] } }),
    ...(store === undefined ? {} : { store }),
  };
}

function readPlacement(value: string | undefined): Placement {
  if (value === undefined) return 'serverless';
  const known = PLACEMENTS.find((placement) => placement === value);
  if (known !== undefined) return known;
  throw new SynthesisError(`placement: "${value}" is not known; use -c placement=${PLACEMENTS.join('|')}`);
}

function readTransport(value: string | undefined): 'tls' | 'plain' | undefined {
  if (value === undefined || value === 'tls' || value === 'plain') return value;
  throw new SynthesisError(`transport: "${value}" is not known; use -c transport=tls|plain`);
}

function readTokens(node: Node): TokenIssuer | undefined {
  const both = pair(node, 'issuer', 'audience');
  if (both === undefined) return undefined;
  const [issuer, audience] = both;
  if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') {
    throw new SynthesisError(`issuer: "${issuer}" is not an https URL; use the iss claim of your tokens`);
  }
  return { issuer, audience };
}

/** @throws SynthesisError when one is given that is of no use without another */
function readStore(node: Node): StoreSettings | undefined {
  const policies = text(node, 'policies');
  const given = ['repository', 'connectionArn', 'publisherArn'].flatMap((name) => {
    const value = text(node, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (policies !== undefined && policies !== 'store') {
    throw new SynthesisError(`policies: "${policies}" is not known; use -c policies=store, or leave it out`);
  }
  const [first] = given;
  if (policies === undefined) {
    if (first === undefined) return undefined;
    throw new SynthesisError(`${first[0]}: nothing is published; use it with -c policies=store`);
  }
  const settings: StoreSettings = Object.fromEntries(given);
  if (settings.connectionArn === undefined || settings.repository !== undefined) return settings;
  throw new SynthesisError('repository: missing; -c connectionArn=… needs -c repository=OWNER/REPOSITORY');
}

/** Two values that go together. */
function pair(node: Node, one: string, other: string): [string, string] | undefined {
  const [first, second] = [text(node, one), text(node, other)];
  if (first !== undefined && second !== undefined) return [first, second];
  if (first === undefined && second === undefined) return undefined;
  const missing = first === undefined ? one : other;
  throw new SynthesisError(`${missing}: missing; -c ${one}=… and -c ${other}=… go together`);
}

function refuse(wrong: boolean, name: string, placement: Placement, why: string): void {
  if (wrong) throw new SynthesisError(`${name}: the placement ${placement} ${why}; leave -c ${name} out`);
}

function text(node: Node, name: string): string | undefined {
  const value: unknown = node.tryGetContext(name);
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new SynthesisError(`${name}: needs a value; use -c ${name}=…`);
}
