import type { BuiltPolicies, PolicyHead } from '../built-policies.ts';
import type { EntityUid, PolicyJson } from '../cedar-json.ts';
import { PolicyCompiler, type PolicyGroup } from './compile-policies.ts';
import type { ActionTest } from './compile-policy.ts';
import type { NodeStore } from './store.ts';

/**
 * Policies that this engine is known to evaluate. They are read and compiled when there is a request with an action
 * that they are for.
 */
export function latePolicies(
  built: BuiltPolicies,
  { byAction, templates, templateLinks }: PolicyHead,
  store: NodeStore,
): PolicyGroup[] {
  const compiler = new PolicyCompiler(store);
  const groups = byAction.map(
    ({ action, policies }): PolicyGroup => ({
      isFor: lateActionTest(action),
      compiled: once(() => policies.map((id) => compiler.compileLate(id, built.policy(id)))),
    }),
  );
  for (const [id, json] of Object.entries(templates)) {
    const links = templateLinks.filter(({ templateId }) => templateId === id);
    groups.push({
      isFor: lateActionTest(json.action),
      compiled: once(() =>
        links.map(({ newId, values }) => compiler.compileLate(newId, json, compiler.filling(values))),
      ),
    });
  }
  return groups;
}

/** The actions that policies name. */
export function actionsNamed({ byAction, templates }: PolicyHead): EntityUid[] {
  return [...byAction, ...Object.values(templates)].flatMap(({ action }) => uidsOf(action));
}

function uidsOf({ entity, entities }: PolicyJson['action']): EntityUid[] {
  return (entity === undefined ? (entities ?? []) : [entity]) as EntityUid[];
}

/** By uids: the entities of the actions that no request is about are not read. */
function lateActionTest(scope: PolicyJson['action']): ActionTest {
  const uids = uidsOf(scope);
  const named = (action: EntityUid) => uids.some(({ type, id }) => type === action.type && id === action.id);
  switch (scope.op) {
    case 'All':
      return () => true;
    case '==':
      return ({ action }) => named(action);
    default:
      return ({ action, store }) => named(action) || [...store.ancestors(action)].some(named);
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
