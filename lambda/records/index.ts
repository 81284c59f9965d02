export { authorizeRecords } from './authorize-records.ts';
export { fromSqsSender, type SentRecord } from './sqs-sender.ts';
export type {
  BatchRecord,
  BatchResponse,
  EventOf,
  RecordDenial,
  RecordsContext,
  RecordsMiddleware,
  RecordsOptions,
} from './types.ts';
