import type { Duration } from 'aws-cdk-lib';
import type { PdpImageConfig } from '../pdp-image.ts';
import { SynthesisError } from '../synthesis-error.ts';

/**
 * The option of `pdp serve` for how often it looks at stores.
 *
 * @throws SynthesisError when there is no store, or it is not a whole number of seconds
 */
export function refreshOptions(interval: Duration | undefined, { stores = [] }: PdpImageConfig): string[] {
  if (interval === undefined) return [];
  if (stores.length > 0) return ['--refresh-interval', `${wholeSeconds('refreshInterval', interval)}`];
  throw new SynthesisError(
    'refreshInterval: the policies are in the image, where nothing new comes; leave it out, or give a PolicyStore',
  );
}

/** @throws SynthesisError, naming the property, when it is not a whole number of seconds, of which there is one at least */
export function wholeSeconds(name: string, duration: Duration): number {
  const seconds = duration.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 1) return seconds;
  throw new SynthesisError(
    `${name}: ${duration.toHumanString()} is not a whole number of seconds; use Duration.seconds(10)`,
  );
}
