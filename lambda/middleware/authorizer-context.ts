import type { Subject } from '../../engine/contract.ts';
import { nonEmptyString, parseOptions } from '../options.ts';
import { type ClaimsOptions, propertiesMapping, type SubjectExtractor } from './claims.ts';
import type { AppSyncEvent, HttpEvent } from './event-kinds.ts';
import { own, ownAt } from './own.ts';

/** How what a Lambda authorizer passed on becomes a subject. */
export interface AuthorizerContextOptions extends Omit<ClaimsOptions, 'type' | 'claim'> {
  /**
   * The subject's type.
   *
   * @default - what the context has as `subjectType`, which `apiGatewayAuthorizer` writes
   */
  type?: string;
  /**
   * The key of the context that is the subject's id.
   *
   * @default 'subjectId'
   */
  key?: string;
}

/**
 * The subject that a Lambda authorizer passed on: of an HTTP API (`event.requestContext.authorizer.lambda`), of a REST
 * or WebSocket API (`event.requestContext.authorizer`), of AppSync (`event.identity.resolverContext`). Without options
 * it is the one that `apiGatewayAuthorizer` of this kit asked for.
 *
 * @example
 * authorize({ subject: fromAuthorizerContext(), … })
 *
 * @throws ConfigurationError when an option is wrong
 */
export function fromAuthorizerContext(
  options: AuthorizerContextOptions = {},
): SubjectExtractor<HttpEvent | AppSyncEvent> {
  const owner = 'fromAuthorizerContext';
  const raw = parseOptions(owner, options, ['type', 'key', 'properties']);
  const fixedType = raw.type === undefined ? undefined : nonEmptyString(owner, 'type', raw.type);
  const key = raw.key === undefined ? 'subjectId' : nonEmptyString(owner, 'key', raw.key);
  const properties = propertiesMapping(owner, raw.properties);
  return (event): Subject | undefined => {
    const context = passedOn(event);
    const type = fixedType ?? own(context, 'subjectType');
    const id = own(context, key);
    if (typeof type !== 'string' || type === '' || typeof id !== 'string' || id === '') return undefined;
    return { type, id, ...properties(context) };
  };
}

function passedOn(event: unknown): unknown {
  const authorizer = ownAt(event, ['requestContext', 'authorizer']);
  // A REST API's authorizer passes on no objects, so that an object of this name is API Gateway's own.
  const ofHttpApi = own(authorizer, 'lambda');
  if (typeof ofHttpApi === 'object' && ofHttpApi !== null) return ofHttpApi;
  if (authorizer !== undefined && authorizer !== null) return authorizer;
  return ownAt(event, ['identity', 'resolverContext']);
}
