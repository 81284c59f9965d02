import type {
  Context,
  DynamoDBRecord,
  EventBridgeEvent,
  KinesisStreamRecord,
  SNSEventRecord,
  SQSRecord,
} from 'aws-lambda';
import type { AuthorizationError } from '../middleware/errors.ts';
import type { Authorization, MiddyRequest, QuestionOptions } from '../middleware/types.ts';

/** A message of SQS, Kinesis, a stream of DynamoDB, SNS, or an event of EventBridge. */
export type BatchRecord =
  | SQSRecord
  | KinesisStreamRecord
  | DynamoDBRecord
  | SNSEventRecord
  | EventBridgeEvent<string, unknown>;

/** The event that brings such records: one of EventBridge comes by itself. */
export type EventOf<Record> = Record extends { 'detail-type': string } ? Record : { Records: Record[] };

/** What the handler gets: each record that it is given, with what was asked and answered for it. */
export interface RecordsContext<Record, Loaded = unknown> {
  authorizations: ReadonlyMap<Record, Authorization<Loaded>>;
}

/** Why a record is not the handler's: no subject, a deny, or an error of an extractor with a `statusCode` of 400 to 499. */
export type RecordDenial = AuthorizationError | (Error & { statusCode: number });

/** The question that each record poses, and what becomes of those that are not permitted. */
export interface RecordsOptions<Record extends BatchRecord = BatchRecord, Loaded = unknown>
  extends QuestionOptions<Record, MiddyRequest<Record>, Loaded> {
  /**
   * Told of each record that is denied, before the handler runs. The record is done with when this returns. To keep it
   * send it to a queue of your own here; to leave it to the redrive policy of its queue, or when sending fails, throw: it
   * is handed back then, as one that nobody could answer for.
   *
   * @default - one line on standard error with the record's id
   */
  onDenied?: (record: Record, denial: RecordDenial) => unknown;
  /**
   * What the event source mapping has as `reportBatchItemFailures` (`ReportBatchItemFailures` among its
   * `FunctionResponseTypes`). Without it there SQS takes every record for done that this function did not fail on: set
   * it to false, and the whole batch is handed back when one record is to be.
   *
   * @default true
   */
  reportBatchItemFailures?: boolean;
}

/** What Lambda's pollers read from the answer to a batch. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** A middleware for middy 7. */
export interface RecordsMiddleware<Record extends BatchRecord, Loaded = unknown> {
  before: (
    request: MiddyRequest<
      EventOf<Record> & { requestContext?: undefined },
      Context & RecordsContext<Record, Loaded>
    >,
  ) => Promise<unknown>;
  after: (
    request: MiddyRequest<
      EventOf<Record> & { requestContext?: undefined },
      Context & RecordsContext<Record, Loaded>
    >,
  ) => void;
}
