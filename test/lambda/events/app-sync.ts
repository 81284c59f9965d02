import type { AppSyncResolverEvent } from 'aws-lambda';

/**
 * An event as the AWS documentation shows it, with the identity that is asked for.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html
 */
export function appSyncEvent(identity: object | null): AppSyncResolverEvent<{ input: { note: string } }> {
  return {
    arguments: { input: { note: 'roadmap' } },
    identity: identity as never,
    source: null,
    request: { headers: { 'x-tenant': 'acme' }, domainName: null },
    info: {
      selectionSetList: ['id'],
      selectionSetGraphQL: '{ id }',
      parentTypeName: 'Mutation',
      fieldName: 'editNote',
      variables: {},
    },
    prev: null,
    stash: {},
  };
}

export const appSyncCognito = (sub: string) => ({
  sub,
  issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a',
  username: 'somebody',
  claims: { sub, 'cognito:groups': ['editors'], token_use: 'access' },
  sourceIp: ['192.0.2.1'],
  defaultAuthStrategy: 'ALLOW',
  groups: ['editors'],
});

export const appSyncIam = (userArn: string) => ({
  accountId: '123456789012',
  cognitoIdentityPoolId: null,
  cognitoIdentityId: null,
  sourceIp: ['192.0.2.1'],
  username: 'AROAEXAMPLE:session',
  userArn,
  cognitoIdentityAuthType: null,
  cognitoIdentityAuthProvider: null,
});
