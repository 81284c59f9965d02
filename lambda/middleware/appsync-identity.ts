import { type ClaimsOptions, extractor, type SubjectExtractor } from './claims.ts';
import type { AppSyncEvent } from './event-kinds.ts';

/**
 * The subject from the claims that AppSync has verified, with a Cognito user pool or OpenID Connect as the API's
 * authorization (`event.identity.claims`). A caller who came in another way, with an API key for one, is no subject:
 * see {@link fromIamCaller} and {@link fromAuthorizerContext}.
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html
 */
export function fromAppSyncIdentity(options: ClaimsOptions): SubjectExtractor<AppSyncEvent> {
  return extractor('fromAppSyncIdentity', options, ['identity', 'claims']);
}
