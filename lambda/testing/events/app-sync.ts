import type { AppSyncIdentityCognito, AppSyncResolverEvent } from 'aws-lambda';
import type { Claims } from './http-request.ts';

/** What a client asks of a GraphQL API. */
export interface AppSyncRequest<Arguments> {
  /** @default 'Query' */
  parentType?: string;
  field: string;
  /** @default - none */
  arguments?: Arguments;
  /** The claims of the user pool token that AppSync has verified. @default - nobody is signed in */
  claims?: Claims & { sub: string };
}

/**
 * The event of an AppSync resolver (direct Lambda resolver) for a user of a Cognito user pool.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
 */
export function appSyncEvent<Arguments extends Record<string, unknown> = Record<string, unknown>>(
  request: AppSyncRequest<Arguments>,
): AppSyncResolverEvent<Arguments> {
  const { parentType = 'Query', field, claims } = request;
  return {
    arguments: request.arguments ?? ({} as Arguments),
    identity: claims === undefined ? null : identity(claims),
    source: null,
    request: { headers: {}, domainName: null },
    info: {
      fieldName: field,
      parentTypeName: parentType,
      variables: {},
      selectionSetList: [],
      selectionSetGraphQL: '',
    },
    prev: null,
    stash: {},
  };
}

function identity(claims: NonNullable<AppSyncRequest<unknown>['claims']>): AppSyncIdentityCognito {
  const groups = claims['cognito:groups'];
  return {
    sub: claims.sub,
    issuer: String(claims.iss ?? ''),
    username: String(claims.username ?? claims['cognito:username'] ?? claims.sub),
    claims,
    sourceIp: ['192.0.2.1'],
    defaultAuthStrategy: 'ALLOW',
    groups: Array.isArray(groups) ? groups : null,
  };
}
