import type { AccessRequest, Action, JsonObject, Resource, Subject } from './contract.ts';
import { InvalidRequestError } from './errors.ts';

/**
 * Requests of unknown shape, parsed at the edge: AuthZEN 1.0, sections 5 and 6. Unknown fields are left out, and
 * an optional field that is `null` counts as absent.
 */

type UnknownRecord = Record<string, unknown>;

export function object(value: unknown, path: string): UnknownRecord {
  if (value === undefined) throw new InvalidRequestError(path, 'is required');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError(path, 'must be an object');
  }
  return value as UnknownRecord;
}

export function nonEmptyString(value: unknown, path: string): string {
  if (value === undefined) throw new InvalidRequestError(path, 'is required');
  if (typeof value !== 'string') throw new InvalidRequestError(path, 'must be a string');
  if (value === '') throw new InvalidRequestError(path, 'must not be empty');
  if (!value.isWellFormed()) throw new InvalidRequestError(path, 'is not well-formed Unicode');
  return value;
}

export function optionalObject(value: unknown, path: string): JsonObject | undefined {
  return value === undefined || value === null ? undefined : (object(value, path) as JsonObject);
}

function withProperties<T extends object>(
  entity: T,
  value: unknown,
  path: string,
): T & { properties?: JsonObject } {
  const properties = optionalObject(value, `${path}.properties`);
  return properties === undefined ? entity : { ...entity, properties };
}

/** `{type, id, properties?}`. @throws InvalidRequestError */
export function parseEntity(value: unknown, path: string): Subject & Resource {
  const { type, id, properties } = object(value, path);
  const entity = { type: nonEmptyString(type, `${path}.type`), id: nonEmptyString(id, `${path}.id`) };
  return withProperties(entity, properties, path);
}

/** The searched-for entity: its `id` is ignored (AuthZEN 1.0, section 8). @throws InvalidRequestError */
export function parseSearchedEntity(value: unknown, path: string): { type: string; properties?: JsonObject } {
  const { type, properties } = object(value, path);
  return withProperties({ type: nonEmptyString(type, `${path}.type`) }, properties, path);
}

/** `{name, properties?}`. @throws InvalidRequestError */
export function parseAction(value: unknown, path = 'action'): Action {
  const { name, properties } = object(value, path);
  return withProperties({ name: nonEmptyString(name, `${path}.name`) }, properties, path);
}

/** One evaluation request of unknown shape. @throws InvalidRequestError naming the first field that is wrong */
export function parseAccessRequest(value: unknown): AccessRequest {
  const body = object(value, 'request');
  const context = optionalObject(body.context, 'context');
  return {
    subject: parseEntity(body.subject, 'subject'),
    action: parseAction(body.action),
    resource: parseEntity(body.resource, 'resource'),
    ...(context === undefined ? {} : { context }),
  };
}
