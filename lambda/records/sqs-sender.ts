import type { SubjectExtractor } from '../middleware/claims.ts';
import { ownAt } from '../middleware/own.ts';
import { nonEmptyString, parseOptions } from '../options.ts';

/** A message of SQS, with who sent it. */
export interface SentRecord {
  attributes: { SenderId: string };
}

/**
 * The subject from the IAM identity that sent a message to SQS, which SQS has verified (`attributes.SenderId`). Its id
 * is the unique id of an IAM user (`AIDA…`) or role (`AROA…`), not an ARN; the name of a role's session, which whoever
 * assumes it chooses, is left out. Messages that came through another service, such as SNS, have that one's.
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
export function fromSqsSender(options: { type: string }): SubjectExtractor<SentRecord> {
  const owner = 'fromSqsSender';
  const type = nonEmptyString(owner, 'type', parseOptions(owner, options, ['type']).type);
  return (record) => {
    const sender = ownAt(record, ['attributes', 'SenderId']);
    const id = typeof sender === 'string' ? sender.split(':', 1)[0] : undefined;
    return id === undefined || id === '' ? undefined : { type, id };
  };
}
