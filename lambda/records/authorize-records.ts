import { ConfigurationError } from '../../engine/errors.ts';
import { ServiceUnavailableError } from '../middleware/errors.ts';
import { own } from '../middleware/own.ts';
import type { MiddyRequest } from '../middleware/types.ts';
import { judge } from './judge.ts';
import { parseRecordsOptions, type RecordsSettings } from './options.ts';
import { itemIdentifier, recordsOf } from './record.ts';
import { addFailures, answerWithout } from './response.ts';
import { sortRecords } from './sort.ts';
import type { BatchRecord, RecordsMiddleware, RecordsOptions } from './types.ts';

/**
 * A middy middleware for functions that read SQS, Kinesis, streams of DynamoDB, SNS or EventBridge: asks the PDP about
 * every record, in one batch, and gives the handler those that are permitted. `context.authorizations` has what was
 * asked and answered for each.
 *
 * | A record | What becomes of it |
 * |---|---|
 * | permitted | the handler's |
 * | denied, without a subject, or an extractor's error with a `statusCode` of 400 to 499 | done with: asking again would say the same. `onDenied` is told |
 * | unanswered: no answer in time, or any other failure | handed back, to come again: SQS and streams by `batchItemFailures` beside those that the handler reports; SNS and EventBridge, which have one record an invocation, by failing |
 *
 * What comes after a record that is handed back is handed back with it where order counts: in its group of a FIFO queue,
 * and all of the batch of a stream. When every record is to come again the middleware throws, so that it shows in the
 * function's metrics and needs no partial response.
 *
 * A message says what its sender wrote. A subject in it is to be believed when only those may send who are to be
 * believed: by the policy of the queue, or by {@link fromSqsSender}.
 *
 * @example
 * export const handler = middy<SQSEvent>()
 *   .use(
 *     authorizeRecords<SQSRecord>({
 *       subject: fromSqsSender({ type: 'Service' }),
 *       action: 'fill',
 *       resource: fromBody('folder', { type: 'Folder' }),
 *     }),
 *   )
 *   .handler(async ({ Records }) => {
 *     for (const { body } of Records) await importNotes(body);
 *   });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function authorizeRecords<Record extends BatchRecord, Loaded = unknown>(
  options: RecordsOptions<Record, Loaded>,
): RecordsMiddleware<Record, Loaded> {
  const settings = parseRecordsOptions(options);
  // Of the requests that are under way: an environment may have several.
  const failures = new WeakMap<object, string[]>();
  return {
    before: async (request) => {
      // A context object may be used again (tests, other hosts): no permit of an earlier batch may stay on it.
      Reflect.deleteProperty(request.context, 'authorizations');
      const event: unknown = request.event;
      const { permitted, handedBack } = await told(settings, () => sorted<Record, Loaded>(settings, request));
      if (permitted.size === 0) return answerWithout(event, handedBack);
      request.context.authorizations = permitted;
      if (own(event, 'Records') !== undefined)
        Object.assign(request, { event: withRecords(event, permitted) });
      failures.set(request, handedBack);
      return undefined;
    },
    after: (request) => {
      request.response = addFailures(request.response, failures.get(request) ?? []);
    },
  };
}

/** @throws ServiceUnavailableError when the batch is to come again whole */
async function sorted<Record extends BatchRecord, Loaded>(
  settings: RecordsSettings<Record>,
  request: MiddyRequest<unknown>,
) {
  const records = recordsOf(request.event) as Record[];
  if (records.length === 0)
    throw new ConfigurationError(
      `authorizeRecords: the event has no records; use authorize for other events`,
    );
  const verdicts = await judge<Record, Loaded>(settings, request, records);
  const { permitted, handedBack, reasons } = await sortRecords(records, verdicts, settings.onDenied);
  const identifiers = handedBack.map(itemIdentifier).filter((id) => id !== undefined);
  const [reason] = reasons;
  if (reasons.length > 0) {
    const unavailable = new ServiceUnavailableError(reason);
    const isPartial = settings.reportBatchItemFailures && identifiers.length === handedBack.length;
    if (!isPartial || handedBack.length === records.length) throw unavailable;
    if (settings.logger !== false) settings.logger(unavailable);
  }
  return { permitted, handedBack: identifiers };
}

/** Lambda logs what is thrown, but not the cause of it. */
async function told<T>(
  { logger }: Pick<RecordsSettings<never>, 'logger'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (logger !== false && error instanceof ServiceUnavailableError) logger(error);
    throw error;
  }
}

function withRecords<Record>(event: unknown, permitted: ReadonlyMap<Record, unknown>) {
  return { ...(event as object), Records: [...permitted.keys()] };
}
