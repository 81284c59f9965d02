import { uidKey } from '../../engine/entity-uid.ts';
import type { CedarRequest, CedarValue, EntityJson, EntityUid, PolicySetJson } from '../../engine/index.ts';
import { type EntityStore, entityReferences, references } from './entity-store.ts';

/** What the policies of a set can reach from a request, which bounds what entities a decision needs. */
export interface Reach {
  /** The longest chain of attribute or tag accesses in any policy. */
  depth: number;
  /** Entities that policies name, and so may read without coming from the request. */
  literals: EntityUid[];
}

/** Reads the reach off the policies. An over-estimate is harmless; records count as steps too. */
export function reachOf(policies: PolicySetJson): Reach {
  const literals = new Map<string, EntityUid>();
  let depth = 0;
  for (const policy of [...Object.values(policies.staticPolicies), ...Object.values(policies.templates)]) {
    for (const { body } of policy.conditions) depth = Math.max(depth, accessDepth(body, literals));
    for (const scope of [policy.principal, policy.action, policy.resource]) accessDepth(scope, literals);
  }
  for (const link of policies.templateLinks) {
    for (const uid of Object.values(link.values)) literals.set(uidKey(uid), uid);
  }
  return { depth, literals: [...literals.values()] };
}

function accessDepth(node: unknown, literals: Map<string, EntityUid>): number {
  if (typeof node !== 'object' || node === null) return 0;
  if (isUid(node)) literals.set(uidKey(node), { type: node.type, id: node.id });
  let deepest = 0;
  for (const [operator, operands] of Object.entries(node)) {
    deepest = Math.max(deepest, accessDepth(operands, literals) + steps(operator, operands));
  }
  return deepest;
}

function isUid(node: object): node is EntityUid {
  return 'type' in node && 'id' in node && typeof node.type === 'string' && typeof node.id === 'string';
}

function steps(operator: string, operands: unknown): number {
  if (operator === 'has') {
    const attribute = (operands as { attr?: unknown }).attr;
    return Array.isArray(attribute) ? attribute.length : 1;
  }
  return operator === '.' || operator === 'getTag' || operator === 'hasTag' ? 1 : 0;
}

/**
 * The entities that a decision can depend on: whole ones up to the policies' reach from the request, and the
 * bare hierarchy above them, which is all that `in` reads.
 */
export function slice(
  request: CedarRequest,
  overlaid: EntityJson[],
  store: EntityStore,
  reach: Reach,
): EntityJson[] {
  const overlay = new Map(overlaid.map((entity) => [uidKey(entity.uid), entity]));
  const find = (uid: EntityUid) => overlay.get(uidKey(uid)) ?? store.get(uid);
  const whole = new Map<string, EntityJson>();
  const reached = new Map<string, EntityJson>();

  let level: EntityUid[] = [request.principal, request.action, request.resource, ...reach.literals];
  for (const value of Object.values(request.context ?? {}) as CedarValue[]) level.push(...references(value));
  for (let distance = 0; level.length > 0 && distance <= reach.depth; distance += 1) {
    const next: EntityUid[] = [];
    for (const uid of level) {
      const key = uidKey(uid);
      const entity = find(uid);
      if (entity === undefined || whole.has(key)) continue;
      reached.set(key, entity);
      if (distance === reach.depth) continue;
      whole.set(key, entity);
      next.push(...entityReferences(entity));
    }
    level = next;
  }
  return [...whole.values(), ...hierarchyAbove(reached, whole, find)];
}

function hierarchyAbove(
  reached: Map<string, EntityJson>,
  whole: Map<string, EntityJson>,
  find: (uid: EntityUid) => EntityJson | undefined,
): EntityJson[] {
  const bare: EntityJson[] = [];
  const seen = new Set<string>();
  const pending = [...reached.values()];
  for (let entity = pending.pop(); entity !== undefined; entity = pending.pop()) {
    const key = uidKey(entity.uid);
    if (seen.has(key)) continue;
    seen.add(key);
    if (!whole.has(key)) bare.push({ uid: entity.uid, attrs: {}, parents: entity.parents });
    for (const parent of entity.parents) {
      const found = find(parent);
      if (found !== undefined) pending.push(found);
    }
  }
  return bare;
}
