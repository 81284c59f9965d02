import type {
  DynamoDBRecord,
  EventBridgeEvent,
  KinesisStreamRecord,
  SNSEventRecord,
  SQSRecord,
} from 'aws-lambda';

/** What the messages say here. */
export interface Message {
  user?: unknown;
  note?: string;
}

const text = (message: Message) => JSON.stringify(message);

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function sqsRecord(messageId: string, message: Message, group?: string): SQSRecord {
  return {
    messageId,
    receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a',
    body: text(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1773342238000',
      SenderId: 'AROAEXAMPLE:producer',
      ApproximateFirstReceiveTimestamp: '1773342238001',
      ...(group === undefined ? {} : { MessageGroupId: group, SequenceNumber: '18849496460467696128' }),
    },
    messageAttributes: {},
    md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:notes${group === undefined ? '' : '.fifo'}`,
    awsRegion: 'us-east-1',
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function kinesisRecord(sequenceNumber: string, message: Message): KinesisStreamRecord {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: '1',
      sequenceNumber,
      data: Buffer.from(text(message)).toString('base64'),
      approximateArrivalTimestamp: 1773342238.987,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000006:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/notes',
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export function dynamoDbRecord(sequenceNumber: string, user: string): DynamoDBRecord {
  return {
    eventID: sequenceNumber,
    eventName: 'MODIFY',
    eventVersion: '1.0',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      Keys: { Id: { S: 'roadmap' } },
      NewImage: { Id: { S: 'roadmap' }, User: { S: user } },
      SequenceNumber: sequenceNumber,
      SizeBytes: 26,
      StreamViewType: 'NEW_IMAGE',
    },
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:123456789012:table/notes/stream/2026-01-01T00:00:00.000',
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export function snsRecord(messageId: string, message: Message): SNSEventRecord {
  return {
    EventVersion: '1.0',
    EventSubscriptionArn: 'arn:aws:sns:us-east-1:123456789012:notes:21be56ed',
    EventSource: 'aws:sns',
    Sns: {
      SignatureVersion: '1',
      Timestamp: '2026-01-02T12:45:07.000Z',
      Signature: 'tcc6faL2yUC6dgZdmrwh1Y4cGa',
      SigningCertUrl: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem',
      MessageId: messageId,
      Message: text(message),
      MessageAttributes: {},
      Type: 'Notification',
      UnsubscribeUrl: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
      TopicArn: 'arn:aws:sns:us-east-1:123456789012:notes',
      Subject: 'Notes',
    },
  };
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
export function eventBridgeEvent(id: string, message: Message): EventBridgeEvent<'Note edited', Message> {
  return {
    version: '0',
    id,
    'detail-type': 'Note edited',
    source: 'notes',
    account: '123456789012',
    time: '2026-01-02T12:45:07Z',
    region: 'us-east-1',
    resources: [],
    detail: message,
  };
}
