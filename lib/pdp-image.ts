import { ContainerImage, type CpuArchitecture, type Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { IPolicyStore, PolicyLayers } from './policy-store.ts';
import { imageContextDirectory } from './private/package-files.ts';
import { IMAGE_HEALTH_CHECK, IMAGE_USER, pdpImage } from './private/pdp-image.ts';
import { permitContainer } from './private/permit-image.ts';
import { type SplitLayers, splitLayers } from './private/policy-layers.ts';
import { SynthesisError } from './synthesis-error.ts';

/** What a container of a PDP is, in whatever task it runs. */
export interface PdpImageConfig {
  readonly image: ContainerImage;
  /**
   * Whether it takes the options and variables of `pdp serve`: TLS, its address, its metrics. Permit's container does
   * not, and serves plain HTTP.
   */
  readonly takesServeOptions: boolean;
  /** The container's own health check, as ECS runs it. */
  readonly healthCheck: string[];
  /** The route that a load balancer asks, without a key. */
  readonly readyPath: string;
  /**
   * The user, a number, so that ECS can see that it is not root.
   *
   * @default - the image's own
   */
  readonly user?: string;
  /** Whether the container writes nothing but to volumes. */
  readonly readonlyRootFilesystem: boolean;
  /**
   * Where it takes policies from while it runs.
   *
   * @default - none: it runs what is in the image
   */
  readonly stores?: readonly IPolicyStore[];
  readonly environment?: Record<string, string>;
  readonly secrets?: Record<string, EcsSecret>;
  /**
   * The key that callers prove themselves with, when the image brings its own.
   *
   * @default - the one of the PDP
   */
  readonly apiKey?: ISecret;
  /**
   * The revision of the policies in the image.
   *
   * @default - not known at synth
   */
  readonly revision?: string;
}

export interface PermitImageProps {
  /** Permit's API key of the environment. It is also what callers prove themselves with. */
  readonly apiKey: ISecret;
  /**
   * The image. Pin a version, or a digest in a registry of your own.
   *
   * @default 'permitio/pdp-v2:latest'
   */
  readonly image?: string;
  /**
   * More variables of Permit's container.
   *
   * @default - none
   */
  readonly environment?: Record<string, string>;
}

/** The container image that tasks of a PDP run. */
export abstract class PdpImage {
  /**
   * The kit's own image, built at the deployment with the policies in it that are not in a store.
   *
   * @param policies a directory of policies, checked and built at synth; a `.tar.gz` that `pdp build` wrote; a store; or
   * several of these as layers
   * @param context the build context without a bundle; by default the kit's own
   * @throws SynthesisError when the layers do not go together
   */
  static fromPolicies(policies: PolicyLayers, context: string = imageContextDirectory): PdpImage {
    return new KitImage(splitLayers(policies), context);
  }

  /**
   * An image that was built from the kit's context (`docker build build/image`) and pushed: its policies are in it, or
   * in stores.
   *
   * @param name as in `docker pull`, of a registry that asks for no credentials; for one of ECR's repositories use
   * {@link PdpImage.fromContainerImage}, which lets the tasks pull from it
   * @param stores from which it takes its policies, in place of those in it
   */
  static fromRegistry(name: string, ...stores: IPolicyStore[]): PdpImage {
    return PdpImage.fromContainerImage(ContainerImage.fromRegistry(name), ...stores);
  }

  /** As {@link PdpImage.fromRegistry}, for an image that CDK knows: `ContainerImage.fromEcrRepository(repository, tag)`. */
  static fromContainerImage(image: ContainerImage, ...stores: IPolicyStore[]): PdpImage {
    return new BuiltImage(image, stores.length === 0 ? undefined : splitLayers(stores));
  }

  /**
   * Permit's official container, with its API key from Secrets Manager. Callers ask it with Permit's SDK: it speaks
   * Permit's API, not AuthZEN. It opens a connection to Permit's cloud, so its subnets need a way to the internet; it
   * serves plain HTTP; and it writes to its file system.
   *
   * @see https://docs.permit.io/concepts/pdp/overview
   */
  static permit(props: PermitImageProps): PdpImage {
    return new PermitImage(props);
  }

  /** @internal */
  abstract _bind(scope: Construct, cpuArchitecture: CpuArchitecture): PdpImageConfig;
}

/**
 * The image that properties name.
 *
 * @throws SynthesisError when they name none, or two
 */
export function imageOf(props: { image?: PdpImage; policies?: PolicyLayers }): PdpImage {
  const { image, policies } = props;
  if (image !== undefined && policies === undefined) return image;
  if (image === undefined && policies !== undefined) return PdpImage.fromPolicies(policies);
  throw new SynthesisError(
    image === undefined
      ? 'policies: missing; name a directory of .cedar files or a store, or an image that has them'
      : 'policies: the image has its own; leave policies or image out',
  );
}

const KIT_SERVER = {
  takesServeOptions: true,
  healthCheck: IMAGE_HEALTH_CHECK,
  readyPath: '/ready',
  user: IMAGE_USER,
  readonlyRootFilesystem: true,
} as const;

class KitImage extends PdpImage {
  readonly #layers: SplitLayers;
  readonly #context: string;

  constructor(layers: SplitLayers, context: string) {
    super();
    this.#layers = layers;
    this.#context = context;
  }

  override _bind(scope: Construct, cpuArchitecture: CpuArchitecture): PdpImageConfig {
    const { policies, stores, environment } = this.#layers;
    const { image, revision } = pdpImage(scope, this.#context, policies, cpuArchitecture);
    // With a store, what runs is known at run time alone.
    if (stores.length > 0) return { ...KIT_SERVER, image, stores, environment };
    return { ...KIT_SERVER, image, ...(revision === undefined ? {} : { revision }) };
  }
}

class BuiltImage extends PdpImage {
  readonly #image: ContainerImage;
  readonly #layers: SplitLayers | undefined;

  constructor(image: ContainerImage, layers: SplitLayers | undefined) {
    super();
    this.#image = image;
    this.#layers = layers;
  }

  override _bind(): PdpImageConfig {
    if (this.#layers === undefined) return { ...KIT_SERVER, image: this.#image };
    const { stores, environment } = this.#layers;
    return { ...KIT_SERVER, image: this.#image, stores, environment };
  }
}

class PermitImage extends PdpImage {
  readonly #props: PermitImageProps;

  constructor(props: PermitImageProps) {
    super();
    this.#props = props;
  }

  override _bind(): PdpImageConfig {
    return permitContainer(this.#props);
  }
}
