import { own, ownAt } from '../middleware/own.ts';

/** The records of an event; one of EventBridge is its own. */
export function recordsOf(event: unknown): readonly unknown[] {
  const records = own(event, 'Records');
  if (Array.isArray(records)) return records;
  return typeof own(event, 'detail-type') === 'string' ? [event] : [];
}

/** What Lambda knows the record by when it is handed back alone; `undefined` when that cannot be. */
export function itemIdentifier(record: unknown): string | undefined {
  const places = [['messageId'], ['kinesis', 'sequenceNumber'], ['dynamodb', 'SequenceNumber']];
  return places.map((place) => ownAt(record, place)).find((id) => typeof id === 'string');
}

/** What a record is called in a log. */
export function nameOf(record: unknown): string {
  const ids = [itemIdentifier(record), ownAt(record, ['Sns', 'MessageId']), own(record, 'id')];
  return ids.find((id) => typeof id === 'string') ?? 'without an id';
}

/**
 * Those that have the same key keep their order: records of a stream, whatever their partition, because Lambda goes on
 * from the first that is handed back; messages of a FIFO queue in a group. Others have no order.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export function orderKey(record: unknown): string | undefined {
  if (own(record, 'kinesis') !== undefined || own(record, 'dynamodb') !== undefined) return '';
  const arn = own(record, 'eventSourceARN');
  if (typeof arn !== 'string' || !arn.endsWith('.fifo')) return undefined;
  const group = ownAt(record, ['attributes', 'MessageGroupId']);
  return typeof group === 'string' ? group : '';
}
