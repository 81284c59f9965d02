import type { IConstruct } from 'constructs';
import { acknowledge, INLINE_POLICY } from './acknowledge.ts';

const SELF_RENEWED =
  'The certificates are renewed daily by the function that keeps them, which also starts new tasks; a rotation ' +
  'schedule of Secrets Manager would change the value without them.';

const NEXT_RUN =
  'A run that is lost is made up for by the next one, which compares what is with what should be; runs that fail ' +
  'are counted in metricErrors().';

/** Why findings of cdk-nag's packs do not apply, or are met in another way. */
const REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-SMG4': SELF_RENEWED,
  'NIST.800.53.R5-SecretsManagerRotationEnabled': SELF_RENEWED,
  ...INLINE_POLICY,
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
    'The log says when certificates were made and when they end. Nothing secret is written to it, and CloudWatch ' +
    'Logs encrypts it with a key of its own.',
  'NIST.800.53.R5-LambdaConcurrency':
    'It runs once a day and when it is deployed. Reserved concurrency would be taken from the account, of which new ' +
    'ones have none to give; runs at the same time are safe, since a secret is replaced only when unchanged.',
  'NIST.800.53.R5-LambdaDLQ': NEXT_RUN,
  'NIST.800.53.R5-LambdaInsideVPC':
    'It speaks to AWS alone, over TLS and as its role. In the VPC it would need three more endpoints and a way to ' +
    "CloudFormation's URL.",
  'Serverless-LambdaDLQ': NEXT_RUN,
  'Serverless-EventBusDLQ': NEXT_RUN,
  'Serverless-LambdaTracing':
    'It is on no request path, and sending traces takes a permission for all resources.',
};

const AWS_KEY: Readonly<Record<string, string>> = {
  'NIST.800.53.R5-SecretsManagerUsingKMSKey':
    'Encrypted with the key of the account for Secrets Manager unless encryptionKey names another.',
};

/** @param ownKey whether the secrets are encrypted with a customer managed key */
export function acknowledgeCertificateFindings(scope: IConstruct, ownKey: boolean): void {
  acknowledge(scope, ownKey ? REASONS : { ...REASONS, ...AWS_KEY });
}
