import { Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';

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
