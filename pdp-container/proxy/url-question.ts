import type { NoRule, UrlMap, UrlQuestion, UrlRequest } from '../../compiler/urls/url-map.ts';
import type { EntityRef, StoredEntities } from '../../engine/contract.ts';
import { uidKey } from '../../engine/entity-uid.ts';
import { ANY_KEY, type PermitTypes, TENANT_ATTRIBUTE, tenantUid } from '../permit/mapping.ts';

/** What a URL's question is read against. All of one revision. */
export interface UrlSource {
  urls: UrlMap;
  entities: StoredEntities;
  types: PermitTypes;
}

/**
 * What a request to an application asks for, by the URL rules. The key of its resource is a client's word, and a
 * tenant is laid over what is stored: so neither may be what makes the resource somebody's.
 *
 * @param tenant in which the question is asked, where the rule does not say
 */
export function urlQuestion(
  request: UrlRequest,
  { urls, entities, types }: UrlSource,
  tenant?: string,
): UrlQuestion | NoRule {
  const question = urls.question(request);
  if ('reason' in question) return question;
  const resource = tenant === undefined ? question.resource : { tenant, ...question.resource };
  if (tenant !== undefined && resource.tenant !== tenant) {
    return { reason: 'the url is of another tenant than the one that is asked about' };
  }
  if (resource.key === ANY_KEY) {
    return { reason: `the url has ${ANY_KEY} for a key, which stands for any resource of its type` };
  }
  if (resource.key !== undefined && resource.tenant !== undefined) {
    const stored = { type: resource.type, id: resource.key };
    if (isElsewhere(stored, tenantUid(resource.tenant, types), entities)) {
      return { reason: 'the resource is stored, and not in the tenant that is asked about' };
    }
  }
  return { ...question, resource };
}

/** Whether an entity is stored, and not as the tenant's: by its attribute, or where it has none by what is above it. */
function isElsewhere(entity: EntityRef, tenant: EntityRef, entities: StoredEntities): boolean {
  const attributes = entities.attributes(entity);
  if (attributes === undefined) return false;
  if (Object.hasOwn(attributes, TENANT_ATTRIBUTE)) {
    const { __entity: own } = (attributes[TENANT_ATTRIBUTE] ?? {}) as { __entity?: EntityRef };
    return own === undefined || !isSame(own, tenant);
  }
  const seen = new Set<string>();
  const above = [...entities.parents(entity)];
  for (const parent of above) {
    if (isSame(parent, tenant)) return false;
    if (seen.has(uidKey(parent))) continue;
    seen.add(uidKey(parent));
    above.push(...entities.parents(parent));
  }
  return true;
}

function isSame(a: EntityRef, b: EntityRef): boolean {
  return a.type === b.type && a.id === b.id;
}
