import type { CedarValue, EntityJson, EntityUid } from './cedar-json.ts';
import type { AccessRequest, JsonObject } from './contract.ts';
import type { EntityStore } from './entity-store.ts';
import { actionType, uidKey } from './entity-uid.ts';
import { InvalidRequestError } from './errors.ts';
import type { CedarRequest } from './evaluator.ts';
import type { Schema } from './schema.ts';
import { typedRecord, untypedRecord } from './values.ts';

/** What the mapping looks things up in. */
export interface MappingSource {
  namespace: string;
  schema: Schema | undefined;
  store: EntityStore;
}

/**
 * An AuthZEN request in Cedar's terms: `type`/`id` verbatim as entities, `action.name` as `Action::"name"`,
 * properties laid over stored attributes, `action.properties` as `context.action`.
 *
 * @throws InvalidRequestError for a value that Cedar or the schema cannot hold
 */
export function toCedarRequest(request: AccessRequest, source: MappingSource): CedarRequest {
  const principal: EntityUid = { type: request.subject.type, id: request.subject.id };
  const resource: EntityUid = { type: request.resource.type, id: request.resource.id };
  const action: EntityUid = { type: actionType(source.namespace), id: request.action.name };
  const entities = overlays(principal, resource, request, source);
  return {
    principal,
    action,
    resource,
    context: contextRecord(action, request, source),
    ...(entities.length === 0 ? {} : { entities }),
  };
}

function overlays(
  principal: EntityUid,
  resource: EntityUid,
  { subject, resource: { properties } }: AccessRequest,
  source: MappingSource,
): EntityJson[] {
  const entities: EntityJson[] = [];
  if (subject.properties !== undefined) {
    entities.push(overlaid(source.store.get(principal), principal, subject.properties, 'subject', source));
  }
  if (properties !== undefined) {
    // Asked about itself: both sets of properties are on the one entity.
    const own = uidKey(principal) === uidKey(resource) ? entities.pop() : undefined;
    entities.push(overlaid(own ?? source.store.get(resource), resource, properties, 'resource', source));
  }
  return entities;
}

function overlaid(
  stored: EntityJson | undefined,
  uid: EntityUid,
  properties: JsonObject,
  role: 'subject' | 'resource',
  source: MappingSource,
): EntityJson {
  const sent = sentAttributes(uid.type, properties, `${role}.properties`, source.schema);
  const attrs: Record<string, CedarValue> = Object.assign(Object.create(null), stored?.attrs, sent);
  return {
    uid,
    attrs,
    parents: stored?.parents ?? [],
    ...(stored?.tags === undefined ? {} : { tags: stored.tags }),
  };
}

function sentAttributes(
  type: string,
  properties: JsonObject,
  path: string,
  schema: Schema | undefined,
): Record<string, CedarValue> {
  if (schema === undefined) return untypedRecord(properties, path);
  const declared = schema.entityTypes.get(type);
  // No validated policy reads an attribute of a type that the schema does not have.
  if (declared === undefined) return {};
  return typedRecord(properties, declared.attributes, path, 0, { unknown: 'leave out', missing: 'allow' });
}

function contextRecord(
  action: EntityUid,
  request: AccessRequest,
  source: MappingSource,
): Record<string, CedarValue> {
  const { properties } = request.action;
  if (properties !== undefined && request.context !== undefined && Object.hasOwn(request.context, 'action')) {
    throw new InvalidRequestError('context.action', 'is where action.properties go: send one of the two');
  }
  const context =
    properties === undefined ? (request.context ?? {}) : { ...request.context, action: properties };
  if (source.schema === undefined) return untypedRecord(context, 'context');
  const declared = source.schema.actions.get(uidKey(action));
  return declared === undefined ? {} : typedRecord(context, declared.context, 'context');
}
