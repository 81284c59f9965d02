import { ConfigurationError } from '../../engine/errors.ts';
import { parseQuestionOptions, type QuestionSettings } from '../middleware/options.ts';
import { nameOf } from './record.ts';
import type { BatchRecord, RecordDenial, RecordsOptions } from './types.ts';

export interface RecordsSettings<Record> extends QuestionSettings<Record> {
  onDenied: (record: Record, denial: RecordDenial) => unknown;
  reportBatchItemFailures: boolean;
}

const OWNER = 'authorizeRecords';

/** @throws ConfigurationError */
export function parseRecordsOptions<Record extends BatchRecord, Loaded>(
  options: RecordsOptions<Record, Loaded>,
): RecordsSettings<Record> {
  const question = parseQuestionOptions(OWNER, options, ['onDenied', 'reportBatchItemFailures']);
  const { onDenied = logDenied, reportBatchItemFailures = true } = options;
  if (typeof onDenied !== 'function') throw new ConfigurationError(`${OWNER}: onDenied must be a function`);
  if (typeof reportBatchItemFailures !== 'boolean')
    throw new ConfigurationError(`${OWNER}: reportBatchItemFailures must be true or false`);
  return { ...question, onDenied, reportBatchItemFailures };
}

/** A record that is done with unseen would be missed by somebody. Neither its sender nor its contents are in a log. */
function logDenied(record: unknown, denial: RecordDenial): void {
  console.warn(`${denial.name}: the record ${nameOf(record)} is denied, and done with`);
}
