import type { AccessRequest, EvaluationsSemantic } from '../../engine/contract.ts';
import { InvalidRequestError } from '../../engine/errors.ts';

/** Part of ECMAScript 2026, and of Node 22: not yet of TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/**
 * A request as the protocol has it, in JSON. Only what the protocol knows is sent, whatever else the object may hold.
 *
 * @throws InvalidRequestError
 */
export function serialize({ subject, action, resource, context }: AccessRequest): string {
  return stringify({ subject, action, resource, context }, undefined);
}

/**
 * A request in JSON, the same for all that mean the same: keys are in order.
 *
 * @throws InvalidRequestError
 */
export function canonical({ subject, action, resource, context }: AccessRequest): string {
  return stringify({ subject, action, resource, context }, inOrder);
}

/** The body that asks several questions at once, of {@link serialize}d requests. */
export function batchBody(requests: readonly string[], semantic: EvaluationsSemantic): string {
  return `{"evaluations":[${requests.join(',')}],"options":{"evaluations_semantic":"${semantic}"}}`;
}

type Replacer = (key: string, value: unknown) => unknown;

function stringify(value: unknown, replacer: Replacer | undefined): string {
  try {
    return JSON.stringify(value, replacer);
  } catch {
    // A BigInt, most likely: a replacer for it would slow all others down to a half.
    try {
      return JSON.stringify(value, (key, part: unknown) =>
        typeof part === 'bigint'
          ? rawJSON(String(part))
          : replacer === undefined
            ? part
            : replacer(key, part),
      );
    } catch (cause) {
      throw Object.assign(new InvalidRequestError('', 'the request cannot be written as JSON'), { cause });
    }
  }
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  // Without a prototype `__proto__` is a key like any other.
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
