import type { AccessRequest, Action, JsonObject, Resource, Subject } from '../../engine/contract.ts';
import { parseOptions } from '../options.ts';

/** A part of a value; arrays are whole. A matcher such as `expect.stringContaining()` may stand for any value. */
export type PartOf<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Key in keyof T]?: PartOf<T[Key]> | undefined }
    : T;

/** Questions that are alike in what is said here; what is left out may be anything. */
export interface QuestionPattern {
  subject?: PartOf<Subject>;
  /** A string is the action's name. */
  action?: string | PartOf<Action>;
  resource?: PartOf<Resource>;
  context?: PartOf<JsonObject>;
}

/** @throws ConfigurationError when the pattern says something that no question has */
export function parsePattern(owner: string, pattern: QuestionPattern): (request: AccessRequest) => boolean {
  const { action, ...rest } = parseOptions(owner, pattern, ['subject', 'action', 'resource', 'context']);
  const whole = { ...rest, action: typeof action === 'string' ? { name: action } : action };
  return (request) => isLike(whole, request);
}

function isLike(pattern: unknown, value: unknown): boolean {
  if (pattern === undefined) return true;
  if (isMatcher(pattern)) return pattern.asymmetricMatch(value);
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) &&
      value.length === pattern.length &&
      pattern.every((item, index) => isLike(item, value[index]))
    );
  }
  if (isRecord(pattern)) {
    return (
      isRecord(value) &&
      Object.entries(pattern).every(([key, part]) =>
        isLike(part, Object.hasOwn(value, key) ? value[key] : undefined),
      )
    );
  }
  return Object.is(pattern, value);
}

/** As Vitest and Jest make them. */
function isMatcher(value: unknown): value is { asymmetricMatch(other: unknown): boolean } {
  return isRecord(value) && typeof value.asymmetricMatch === 'function';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
