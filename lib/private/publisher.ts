import { Stack, Token } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';

/**
 * The name of a publisher in the policy of the store's bucket.
 *
 * @throws SynthesisError when it is neither a role nor a user, or one that another stack makes: the policy would wait
 * for that stack, and the stack for the bucket
 */
export function publisherArn(store: IConstruct, { grantPrincipal }: IGrantable): string {
  const arn = arnOf(grantPrincipal);
  if (arn === undefined) {
    throw new SynthesisError(
      `${store.node.path}: only a role or a user can be let in to publish, which the bucket's policy names`,
    );
  }
  if (!Token.isUnresolved(arn) || !(grantPrincipal instanceof Construct)) return arn;
  if (Stack.of(grantPrincipal) === Stack.of(store)) return arn;
  throw new SynthesisError(
    `${grantPrincipal.node.path}: the role is in another stack than ${store.node.path}, whose bucket names who may ` +
      'write to it; put both in one stack, or name the role and grant Role.fromRoleName in the stack of the store',
  );
}

function arnOf(principal: object): string | undefined {
  if ('roleArn' in principal && typeof principal.roleArn === 'string') return principal.roleArn;
  if ('userArn' in principal && typeof principal.userArn === 'string') return principal.userArn;
  return undefined;
}
