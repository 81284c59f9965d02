import { formatUid } from '../entity-uid.ts';
import { InvalidRequestError } from '../errors.ts';
import type { Steps } from '../steps.ts';
import type { EntityNode } from './entity-node.ts';
import type { OverlaidEntity } from './environment.ts';
import { caught } from './failure.ts';
import { JsonValueError } from './read-json.ts';
import { EMPTY_RECORD, equal, RecordValue, SetValue } from './values.ts';

/** Runs what reads values that come from outside. @throws InvalidRequestError for one that is wrong */
export function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** The same of what is done in steps. */
export function* refusingSteps<T>(read: Steps<T>): Steps<T> {
  try {
    return yield* read;
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): InvalidRequestError {
  return new InvalidRequestError('', caught(error, JsonValueError).message);
}

/** @throws JsonValueError when there is an entity that is its own ancestor */
export function refuseCircle(node: EntityNode | undefined): void {
  if (node !== undefined) {
    throw new JsonValueError(`entities: ${formatUid(node)} is its own ancestor`);
  }
}

/** An entity may be given twice, as long as it is the same. @throws JsonValueError */
export function refuseOther(before: OverlaidEntity, after: OverlaidEntity, path: string): void {
  const same =
    equal(recordOf(before), recordOf(after)) &&
    equal(before.tags ?? EMPTY_RECORD, after.tags ?? EMPTY_RECORD) &&
    equal(SetValue.of(before.parents), SetValue.of(after.parents));
  if (!same) throw new JsonValueError(`${path}: is there before, and otherwise`);
}

/** Stored attributes are the entity's own. */
function recordOf({ attrs }: OverlaidEntity): RecordValue {
  return attrs instanceof RecordValue ? attrs : RecordValue.of(attrs.entries());
}

/** @throws JsonValueError for what is no list */
export function listOf<T>(json: readonly T[], what: string): readonly T[] {
  if (Array.isArray(json)) return json;
  throw new JsonValueError(`${what}: must be a list`);
}
