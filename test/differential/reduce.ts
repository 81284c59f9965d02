/** Takes everything out of a world that its failure does not need, so that the report is short. */
import type { Expr, PolicyJson, TemplateLink } from '../../engine/cedar-json.ts';
import { childrenOf } from './coverage.ts';
import type { Attributes, Entity, Request, World } from './world.ts';

/** Evaluations spent on one failure. */
const BUDGET = 3_000;

/** The smallest world found for which `fails` still holds. */
export function reduce(world: World, fails: (candidate: World) => boolean): World {
  let smallest = world;
  let spent = 0;
  for (let progress = true; progress && spent < BUDGET; ) {
    progress = false;
    for (const candidate of smaller(smallest)) {
      spent += 1;
      if (spent > BUDGET) break;
      if (!fails(candidate)) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  return smallest;
}

function* smaller(world: World): Iterable<World> {
  const { policies, entities, requests } = world;
  if (world.policiesAs === 'text') yield { ...world, policiesAs: 'json' };
  if (world.entitiesAs === 'text') yield { ...world, entitiesAs: 'values' };
  if (requests.length > 1) yield* requests.map((request) => ({ ...world, requests: [request] }));
  for (const staticPolicies of fewer(policies.staticPolicies))
    yield { ...world, policies: { ...policies, staticPolicies } };
  for (const templateLinks of without(policies.templateLinks))
    yield { ...world, policies: { ...policies, templateLinks } };
  for (const templates of fewer(policies.templates, used(policies.templateLinks)))
    yield { ...world, policies: { ...policies, templates } };
  for (const fewerEntities of smallerEntities(entities)) yield { ...world, entities: fewerEntities };
  for (const [index, request] of requests.entries()) {
    for (const simpler of smallerRequests(request))
      yield { ...world, requests: requests.with(index, simpler) };
  }
  for (const [id, policy] of Object.entries(policies.staticPolicies)) {
    for (const simpler of smallerPolicies(policy)) {
      const staticPolicies = { ...policies.staticPolicies };
      Object.defineProperty(staticPolicies, id, { value: simpler, enumerable: true });
      yield { ...world, policies: { ...policies, staticPolicies } };
    }
  }
}

function used(links: TemplateLink[]): Set<string> {
  return new Set(links.map(({ templateId }) => templateId));
}

function* without<T>(items: T[]): Iterable<T[]> {
  for (const index of items.keys()) yield items.toSpliced(index, 1);
}

function* fewer<T>(
  items: { [name: string]: T },
  kept: Set<string> = new Set(),
): Iterable<{ [name: string]: T }> {
  const entries = Object.entries(items);
  for (const [index, [name]] of entries.entries()) {
    if (!kept.has(name)) yield Object.fromEntries(entries.toSpliced(index, 1));
  }
}

function* smallerEntities(entities: Entity[]): Iterable<Entity[]> {
  yield* without(entities);
  for (const [index, entity] of entities.entries()) {
    const { tags, ...untagged } = entity;
    if (tags !== undefined) {
      yield entities.with(index, untagged);
      for (const less of fewer(tags)) yield entities.with(index, { ...entity, tags: less });
    }
    for (const attrs of fewer(entity.attrs) as Iterable<Attributes>)
      yield entities.with(index, { ...entity, attrs });
    for (const parents of without(entity.parents)) yield entities.with(index, { ...entity, parents });
  }
}

function* smallerRequests(request: Request): Iterable<Request> {
  const { entities, ...bare } = request;
  if (entities !== undefined) {
    yield bare;
    for (const less of smallerEntities(entities)) yield { ...request, entities: less };
  }
  for (const context of fewer(request.context) as Iterable<Attributes>) yield { ...request, context };
}

function* smallerPolicies(policy: PolicyJson): Iterable<PolicyJson> {
  for (const conditions of without(policy.conditions)) yield { ...policy, conditions };
  for (const role of ['principal', 'action', 'resource'] as const) {
    if (policy[role].op !== 'All') yield { ...policy, [role]: { op: 'All' } };
  }
  for (const [index, condition] of policy.conditions.entries()) {
    for (const body of smallerExpressions(condition.body)) {
      yield { ...policy, conditions: policy.conditions.with(index, { ...condition, body }) };
    }
  }
}

/** A part in place of the whole, or the whole with a part made smaller. */
function* smallerExpressions(expression: Expr): Iterable<Expr> {
  const [operator = '', operand] = Object.entries(expression)[0] ?? [];
  const children = childrenOf(operator, operand) as Expr[];
  yield* children;
  for (const child of children) {
    for (const simpler of smallerExpressions(child)) yield { [operator]: replaced(operand, child, simpler) };
  }
}

function replaced(operand: unknown, child: Expr, simpler: Expr): unknown {
  if (Array.isArray(operand)) return operand.map((item) => (item === child ? simpler : item));
  return Object.fromEntries(
    Object.entries(operand as Record<string, unknown>).map(([name, item]) => [
      name,
      item === child ? simpler : item,
    ]),
  );
}
