import { Duration } from 'aws-cdk-lib';
import { SynthesisError } from '../synthesis-error.ts';

/** What tells one question from another in nearly every API. */
const METHOD = ['context.httpMethod', 'context.routeKey'];
const PATH = ['context.path'];

/**
 * How long results may be kept under these identity sources. A permit that is kept under the token alone is one for
 * every route.
 *
 * @param prefix what identity sources of this kind of API begin with
 * @throws SynthesisError when method and path are not among them
 */
export function checkCacheKey(
  place: string,
  identitySources: readonly string[],
  ttl: Duration = Duration.seconds(0),
  prefix: '$' | '',
): Duration {
  if (ttl.toSeconds() === 0) return ttl;
  for (const names of [METHOD, PATH]) {
    const sources = names.map((name) => `${prefix}${name}`);
    if (!sources.some((source) => identitySources.includes(source))) {
      throw new SynthesisError(
        `${place}: resultsCacheTtl: a result would be kept for requests that nobody asked about; add ` +
          `${sources[0]} to identitySources, with all that the question is made of, or keep nothing`,
      );
    }
  }
  return ttl;
}
