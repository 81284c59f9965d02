import { RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { useForSecrets } from './api-key.ts';

/** The certificate authority and the server's certificate, each with its key, kept by one function. */
export class CertificateSecrets extends Construct {
  /** Read and written by the function alone. */
  readonly authority: Secret;
  /** Written by the function; the role that starts the tasks reads it. */
  readonly server: Secret;

  /** @param keeper the role of the function */
  constructor(scope: Construct, keeper: Role, encryptionKey: IKey | undefined) {
    super(scope, 'Secrets');
    this.authority = emptySecret(this, 'Authority', encryptionKey, {
      description: 'Certificate authority of the policy decision point, with its key',
    });
    this.server = emptySecret(this, 'Server', encryptionKey, {
      description: 'Certificate of the policy decision point, with its key',
    });
    this.#denyOthers(keeper);
    keeper.addToPolicy(
      new PolicyStatement({
        actions: [
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [this.authority.secretArn, this.server.secretArn],
      }),
    );
    if (encryptionKey === undefined) return;
    keeper.addToPolicy(useForSecrets(this, encryptionKey, ['kms:Decrypt', 'kms:GenerateDataKey']));
  }

  /** Whoever has the key of the authority can pass for the PDP: a permission for all secrets is not enough for it. */
  #denyOthers(keeper: Role): void {
    this.authority.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [this.authority.secretArn],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': keeper.roleArn } },
      }),
    );
  }
}

/** A secret whose value CloudFormation neither makes nor ever writes again. */
function emptySecret(
  scope: Construct,
  id: string,
  encryptionKey: IKey | undefined,
  props: { description: string },
): Secret {
  const secret = new Secret(scope, id, {
    ...props,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    // They are of no use to anyone when the PDP is gone.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  (secret.node.defaultChild as CfnSecret).generateSecretString = undefined;
  return secret;
}
