import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

const READ_AT_START =
  'Tasks and functions read the key when they start. Rotating it is a deployment, which a rotation schedule cannot ' +
  'do; only functions that a security group names can use the key at all.';

const NO_ROTATION = {
  'AwsSolutions-SMG4': READ_AT_START,
  'NIST.800.53.R5-SecretsManagerRotationEnabled': READ_AT_START,
};

const AWS_KEY = {
  'NIST.800.53.R5-SecretsManagerUsingKMSKey':
    'Encrypted with the key of the account for Secrets Manager; encryptionKey names another.',
};

/** A key of 256 bits, in Secrets Manager alone. */
export function newApiKey(scope: Construct, encryptionKey: IKey | undefined): Secret {
  const secret = new Secret(scope, 'ApiKey', {
    description: 'The key that callers prove themselves with to the policy decision point',
    generateSecretString: { passwordLength: 43, excludePunctuation: true },
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
  acknowledge(secret, encryptionKey === undefined ? { ...NO_ROTATION, ...AWS_KEY } : NO_ROTATION);
  return secret;
}

/**
 * Lets the grantee read the key, and decrypt it when it has a KMS key of its own: through Secrets Manager only. The
 * permission is in the grantee's role, not in the key's policy, which may be in a stack that knows no callers.
 */
export function grantReadKey(apiKey: ISecret, grantee: IGrantable): Grant {
  const { encryptionKey } = apiKey;
  if (encryptionKey !== undefined) {
    grantee.grantPrincipal.addToPrincipalPolicy(useForSecrets(apiKey, encryptionKey, ['kms:Decrypt']));
  }
  return Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [arnForPolicies(apiKey)],
  });
}

/** Lets a role use the key through Secrets Manager only, in the region of `scope`. */
export function useForSecrets(scope: IConstruct, key: IKey, actions: string[]): PolicyStatement {
  return new PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(scope).region}.amazonaws.com` },
    },
  });
}

/** A secret imported by its name has an ARN without the six characters that Secrets Manager ends ARNs with. */
function arnForPolicies({ secretArn, secretFullArn }: ISecret): string {
  return secretFullArn ?? `${secretArn}-??????`;
}
