import type { CedarValue, EntityUid } from './cedar-json.ts';
import type { AccessRequest, EntityRef, JsonObject, LocalRequest } from './contract.ts';
import { actionType, uidKey } from './entity-uid.ts';
import { InvalidRequestError } from './errors.ts';
import type { CedarRequest, LaidOver } from './evaluator.ts';
import type { Schema } from './schema.ts';
import { typedRecord, untypedRecord } from './values.ts';

/** What the mapping depends on. */
export interface MappingSource {
  namespace: string;
  schema: Schema | undefined;
}

/**
 * An AuthZEN request in Cedar's terms: `type`/`id` verbatim as entities, `action.name` as `Action::"name"`,
 * properties laid over stored attributes, `action.properties` as `context.action`.
 *
 * @throws InvalidRequestError for a value that Cedar or the schema cannot hold
 */
export function toCedarRequest(request: LocalRequest, source: MappingSource): CedarRequest {
  const { subject, resource } = request;
  const action: EntityUid = { type: actionType(source.namespace), id: request.action.name };
  const context = contextRecord(action, request, source);
  const parents = allowedParents(resource, source.schema);
  const attributes: LaidOver[] = [];
  for (const [role, { type, id, properties }, above] of [
    ['subject', subject, undefined] as const,
    ['resource', resource, parents] as const,
  ]) {
    if (properties === undefined && above === undefined) continue;
    attributes.push({
      uid: { type, id },
      attrs: sentAttributes(type, properties ?? {}, `${role}.properties`, source.schema),
      ...(above === undefined ? {} : { parents: above }),
    });
  }
  return {
    principal: { type: subject.type, id: subject.id },
    action,
    resource: { type: resource.type, id: resource.id },
    ...(context === undefined ? {} : { context }),
    ...(attributes.length === 0 ? {} : { attributes }),
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

/** What is put above the resource: all that is asked for, or what the schema allows there. */
function allowedParents(
  { type, parents = [] }: LocalRequest['resource'],
  schema: Schema | undefined,
): EntityRef[] | undefined {
  const allowed = schema?.entityTypes.get(type)?.memberOf;
  const above = schema === undefined ? parents : parents.filter((parent) => allowed?.has(parent.type));
  return above.length === 0 ? undefined : above;
}

function contextRecord(
  action: EntityUid,
  request: AccessRequest,
  { schema }: MappingSource,
): Record<string, CedarValue> | undefined {
  const { properties } = request.action;
  if (properties !== undefined && request.context !== undefined && Object.hasOwn(request.context, 'action')) {
    throw new InvalidRequestError('context.action', 'is where action.properties go: send one of the two');
  }
  const sent = properties === undefined ? request.context : { ...request.context, action: properties };
  if (schema === undefined) return sent === undefined ? undefined : untypedRecord(sent, 'context');
  const declared = schema.actions.get(uidKey(action))?.context;
  if (declared === undefined) return undefined;
  const context = typedRecord(sent ?? {}, declared, 'context');
  // Nothing sent is nothing to read, where nothing was required.
  return sent === undefined ? undefined : context;
}
