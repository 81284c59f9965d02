import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** A key of 256 bits, in Secrets Manager alone. */
export function newApiKey(scope: Construct, encryptionKey: IKey | undefined): Secret {
  const secret = new Secret(scope, 'ApiKey', {
    description: 'The key that callers prove themselves with to the policy decision point',
    generateSecretString: { passwordLength: 43, excludePunctuation: true },
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'Tasks and functions read the key when they start. Rotating it is a deployment, which a rotation schedule ' +
      'cannot do; only functions that a security group names can use the key at all.',
  });
  return secret;
}

/**
 * Lets the grantee read the key, and decrypt it when it has a KMS key of its own: through Secrets Manager only. The
 * permission is in the grantee's role, not in the key's policy, which may be in a stack that knows no callers.
 */
export function grantReadKey(apiKey: ISecret, grantee: IGrantable): Grant {
  const { encryptionKey } = apiKey;
  if (encryptionKey !== undefined) {
    const { region } = Stack.of(apiKey);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
      }),
    );
  }
  return Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [arnForPolicies(apiKey)],
  });
}

/** A secret imported by its name has an ARN without the six characters that Secrets Manager ends ARNs with. */
function arnForPolicies({ secretArn, secretFullArn }: ISecret): string {
  return secretFullArn ?? `${secretArn}-??????`;
}
