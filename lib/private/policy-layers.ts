import type { IPolicyStore, PolicyLayers } from '../policy-store.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { BUNDLE_FILE } from './bundle.ts';

/** Where the image has its bundle. */
const BUNDLE_PATH = `/bundle/${BUNDLE_FILE}`;

/** The volume of a container that takes policies from a store, the only place that it writes to. */
export const STATE_VOLUME = { name: 'pdp-state', path: '/state' } as const;

/** What a container runs, by where it is from. */
export interface SplitLayers {
  /** What is built into the image. */
  readonly policies: string | undefined;
  readonly stores: readonly IPolicyStore[];
  /** What `pdp serve` reads of it. */
  readonly environment: Record<string, string>;
}

/**
 * Takes layers apart.
 *
 * @throws SynthesisError when there is none, two would be built into the image, or some are signed and some are not
 */
export function splitLayers(asked: PolicyLayers): SplitLayers {
  const layers = [asked].flat() as (string | IPolicyStore)[];
  const directories = layers.filter((layer) => typeof layer === 'string');
  const stores = layers.filter((layer) => typeof layer !== 'string');
  if (layers.length === 0)
    throw new SynthesisError('policies: there is no layer; name a directory or a store');
  if (directories.length > 1) {
    throw new SynthesisError(
      `policies: ${directories.join(' and ')} would both be built into the image, which has one bundle; publish one of ` +
        'them to a store, or put their files together',
    );
  }
  const [policies] = directories;
  if (stores.length === 0) return { policies, stores, environment: {} };
  const verifyKey = verifyKeyOf(layers);
  return {
    policies,
    stores,
    environment: {
      PDP_SOURCE: layers.map((layer) => (typeof layer === 'string' ? BUNDLE_PATH : layer.address)).join('\n'),
      PDP_STATE_DIR: `${STATE_VOLUME.path}/kept`,
      ...(verifyKey === undefined ? {} : { PDP_VERIFY_KEY: verifyKey }),
    },
  };
}

/** A PDP has the same keys for all of its layers. */
function verifyKeyOf(layers: readonly (string | IPolicyStore)[]): string | undefined {
  const keys = layers.map((layer) => (typeof layer === 'string' ? undefined : layer.verifyKey));
  const signed = keys.filter((key) => key !== undefined);
  if (signed.length === 0) return undefined;
  const unsigned = layers.find((_, index) => keys[index] === undefined);
  if (unsigned === undefined) return [...new Set(signed)].join('\n');
  const name = typeof unsigned === 'string' ? unsigned : unsigned.node.path;
  throw new SynthesisError(
    `policies: ${name} is not signed, and another layer is; a PDP with keys takes no layer without a signature, so ` +
      'publish all of them to stores with keys',
  );
}
