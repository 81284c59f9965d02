import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/**
 * Where alarms are told. It is encrypted with a key of its own, since CloudWatch may not use the one of SNS. Who
 * listens differs from team to team, and subscribes to it.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 */
export function alarmTopic(scope: Construct): Topic {
  const masterKey = new Key(scope, 'AlarmKey', {
    description: 'Alarms of the policy decision point, in SNS',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
  masterKey.grant(cloudWatch, 'kms:Decrypt', 'kms:GenerateDataKey*');
  const topic = new Topic(scope, 'Alarms', {
    displayName: 'Policy decision point',
    masterKey,
    enforceSSL: true,
  });
  new CfnOutput(scope, 'AlarmTopicArn', { value: topic.topicArn, description: 'Subscribe to it for alarms' });
  return topic;
}
