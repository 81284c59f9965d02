import { ArnFormat, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge, LOG_WITH_AWS_KEY } from './acknowledge.ts';

export interface PdpLogProps {
  readonly logRetention?: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
}

/** The log of a PDP's containers, with a line for each decision. */
export function pdpLog(
  scope: Construct,
  { logRetention, removalPolicy, encryptionKey }: PdpLogProps,
): LogGroup {
  if (encryptionKey !== undefined) grantLogs(scope, encryptionKey);
  const log = new LogGroup(scope, 'Log', {
    retention: logRetention ?? RetentionDays.THREE_MONTHS,
    removalPolicy,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
  if (encryptionKey === undefined) acknowledge(log, LOG_WITH_AWS_KEY);
  return log;
}

/**
 * Lets CloudWatch Logs use the key, for log groups of this account and region.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
function grantLogs(scope: Construct, key: IKey): void {
  const stack = Stack.of(scope);
  key.grantEncryptDecrypt(
    new ServicePrincipal(`logs.${stack.region}.amazonaws.com`, {
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': stack.formatArn({
            service: 'logs',
            resource: 'log-group',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    }),
  );
}
