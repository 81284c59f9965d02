import { join } from 'node:path';
import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, type ILayerVersion, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { IPdp, PdpGrantee } from './pdp.ts';
import type { PdpEndpoints } from './pdp-endpoints.ts';
import type { IPolicyStore } from './policy-store.ts';
import { writeUnpackedBundle } from './private/bundle.ts';
import { callerOf, isFunction, pathOf, setEnvironment } from './private/grantee.ts';
import { wholeSeconds } from './private/refresh.ts';
import { stage } from './private/staging.ts';
import { SynthesisError } from './synthesis-error.ts';

/**
 * The folder of the layer that holds the bundle, unpacked: a function reads it faster than an archive. It is checked
 * here and not again there: Lambda holds a layer to its digest, and unpacks it in `/opt`, where nothing writes.
 */
const LAYER_FOLDER = 'pdp';

/** Seconds after which a function looks again when it is told nothing else. */
const DEFAULT_INTERVAL = 60;

const RUNTIMES = [Runtime.NODEJS_22_X, Runtime.NODEJS_24_X];

export interface EmbeddedPdpProps {
  /**
   * The directory of the policies, schema and entities, checked and built at synth; or a `.tar.gz` that
   * `pdp build` wrote.
   */
  readonly policies: string;
  /**
   * A store whose publications take the place of `policies` while functions run: on an invocation, in the background,
   * when `refreshInterval` has passed since the last look. A function in a VPC without a way to the internet needs the
   * gateway endpoint of S3: {@link PdpEndpoints}.
   *
   * @default - a change of the policies is a deployment of the functions
   */
  readonly refreshFrom?: IPolicyStore;
  /**
   * How old what is known of the store may be before an invocation looks again. Whole seconds.
   *
   * @default Duration.seconds(60)
   */
  readonly refreshInterval?: Duration;
  /**
   * How long what was last read of the store is good. After that nothing is decided, and so nothing permitted, until it
   * has been read again. Whole seconds, and no less than `refreshInterval`.
   *
   * @default - a store that cannot be read changes nothing
   */
  readonly maxStale?: Duration;
  /**
   * The endpoints of an isolated VPC, through which functions in it read `refreshFrom`.
   *
   * @default - functions reach S3 by themselves
   */
  readonly endpoints?: PdpEndpoints;
  /**
   * What becomes of a layer version that a new revision replaced. Functions that run keep their copy.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The policy decision point inside the function: a layer with the built bundle, and an evaluator that is plain
 * JavaScript. No network, no VPC and no key; a change of the policies is a deployment of the functions, unless they
 * follow a store.
 *
 * @example
 * const pdp = new EmbeddedPdp(this, 'Pdp', { policies: 'policies' });
 * pdp.grantEvaluate(viewNote);
 */
export class EmbeddedPdp extends Construct implements IPdp {
  /** The layer that is added to the functions that may ask. */
  readonly layer: ILayerVersion;
  readonly connections = undefined;
  readonly endpoint = undefined;
  readonly vpc = undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly #store: IPolicyStore | undefined;

  /** @throws SynthesisError when the policies are missing or cannot be built, or the interval is wrong or of no use */
  constructor(scope: Construct, id: string, props: EmbeddedPdpProps) {
    super(scope, id);
    this.#store = props.refreshFrom;
    this.environment = { PDP_BUNDLE: `/opt/${LAYER_FOLDER}`, ...refreshEnvironment(props) };
    if (props.refreshFrom !== undefined) props.endpoints?.connectStore(props.refreshFrom);
    this.layer = stage(
      this,
      (directory) => writeUnpackedBundle(props.policies, join(directory, LAYER_FOLDER)),
      (directory) =>
        new LayerVersion(this, 'Layer', {
          description: 'Policy decision point: the bundle',
          code: Code.fromAsset(directory),
          compatibleArchitectures: [Architecture.ARM_64, Architecture.X86_64],
          compatibleRuntimes: RUNTIMES,
          ...(props.removalPolicy === undefined ? {} : { removalPolicy: props.removalPolicy }),
        }),
    );
  }

  /**
   * Adds the layer, and `PDP_BUNDLE` that says where it is. No permission is needed to ask oneself; with `refreshFrom`
   * the grant is the one to read the store, and a function in a VPC is let out to S3.
   *
   * @throws SynthesisError when the grantee is no function, or its runtime is not Node 22 or 24
   */
  grantEvaluate(asked: PdpGrantee): Grant {
    const grantee = callerOf(asked);
    if (!isFunction(grantee)) {
      throw new SynthesisError(
        `${pathOf(grantee)}: the embedded PDP is a Lambda layer, for functions only; beside a container use PdpSidecar`,
      );
    }
    if (!RUNTIMES.some((runtime) => runtime.runtimeEquals(grantee.runtime))) {
      throw new SynthesisError(
        `${grantee.node.path}: the embedded PDP runs on ${RUNTIMES.join(' and ')}, not on ${grantee.runtime}`,
      );
    }
    grantee.addLayers(this.layer);
    setEnvironment(grantee, this.environment);
    if (this.#store === undefined)
      return Grant.drop(grantee, 'the policy decision point is inside the function');
    // The gateway of S3 has no security group to name, and whether there is more to reach is the routes' to say.
    if (grantee.isBoundToVpc) grantee.connections.allowToAnyIpv4(Port.tcp(443), 'read published policies');
    return this.#store.grantRead(grantee);
  }
}

/** What `pdpFromEnvironment()` reads to follow a store. */
function refreshEnvironment(props: EmbeddedPdpProps): Record<string, string> {
  const { refreshFrom, refreshInterval, maxStale } = props;
  if (refreshFrom === undefined) {
    const unused = (['refreshInterval', 'maxStale', 'endpoints'] as const).find((name) => props[name]);
    if (unused === undefined) return {};
    throw new SynthesisError(`${unused}: nothing is refreshed; leave it out, or name a store in refreshFrom`);
  }
  const interval = refreshInterval && wholeSeconds('refreshInterval', refreshInterval);
  const stale = maxStale && wholeSeconds('maxStale', maxStale);
  if (stale !== undefined && stale < (interval ?? DEFAULT_INTERVAL)) {
    throw new SynthesisError(
      `maxStale: ${stale} seconds are less than the ${interval ?? DEFAULT_INTERVAL} after which a function looks again`,
    );
  }
  return {
    PDP_SOURCE: refreshFrom.address,
    ...(interval === undefined ? {} : { PDP_REFRESH_INTERVAL: `${interval}` }),
    ...(stale === undefined ? {} : { PDP_MAX_STALE: `${stale}` }),
    ...(refreshFrom.verifyKey === undefined ? {} : { PDP_VERIFY_KEY: refreshFrom.verifyKey }),
  };
}
