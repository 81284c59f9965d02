import { own } from '../middleware/own.ts';
import { itemIdentifier, recordsOf } from './record.ts';

/** The answer to a batch of which nothing was the handler's. */
export function answerWithout(event: unknown, identifiers: readonly string[]): unknown {
  // SNS and EventBridge read no answer; middy takes `undefined` for none, and would run the handler.
  if (itemIdentifier(recordsOf(event)[0]) === undefined) return null;
  // A tumbling window of a stream goes on with the state that it is answered with.
  const state = own(event, 'state');
  return { ...(state === undefined ? {} : { state }), batchItemFailures: identifiers.map(asFailure) };
}

/** The handler's answer, with the records that it was not given. */
export function addFailures(response: unknown, identifiers: readonly string[]): unknown {
  if (identifiers.length === 0) return response;
  const reported = own(response, 'batchItemFailures') ?? [];
  // Lambda takes what it cannot read for a failure of the whole batch, and so does nobody lose a record.
  if (!Array.isArray(reported)) return response;
  const others = typeof response === 'object' ? response : {};
  return { ...others, batchItemFailures: [...reported, ...identifiers.map(asFailure)] };
}

function asFailure(itemIdentifier: string) {
  return { itemIdentifier };
}
