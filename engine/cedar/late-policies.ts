import type { BuiltPolicies, PolicyHead } from '../built-policies.ts';
import type { EntityUid, PolicyJson } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import { PolicyCompiler, type PolicyGroup } from './compile-policies.ts';
import type { ActionTest, CompiledPolicy, FillSlot } from './compile-policy.ts';
import type { NodeStore } from './store.ts';

/** Where the entities that policies name are, and whether those are compiled now or when there is a request for them. */
interface LateTarget {
  store: NodeStore;
  when: 'now' | 'needed';
}

/**
 * The policies of a built bundle.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated, now or then
 * @throws InvalidBundleError when their text is damaged, now or then
 */
export function latePolicies(
  built: BuiltPolicies,
  { byAction, templates, templateLinks }: PolicyHead,
  { store, when }: LateTarget,
): PolicyGroup[] {
  const compiler = new PolicyCompiler(store);
  const compile = (id: string, json: PolicyJson, fill?: FillSlot) =>
    when === 'now' ? compiler.compile(id, json, fill) : compiler.compileLate(id, json, fill);
  const groups = byAction.map(({ action, policies }) =>
    groupOf(action, () => policies.map((id) => compile(id, built.policy(id)))),
  );
  for (const [id, json] of Object.entries(templates)) {
    const links = templateLinks.filter(({ templateId }) => templateId === id);
    const linked = () => links.map(({ newId, values }) => compile(newId, json, compiler.filling(values)));
    groups.push(groupOf(json.action, linked));
  }
  if (when === 'now') for (const group of groups) group.compiled();
  return groups;
}

function groupOf(action: PolicyJson['action'], compile: () => CompiledPolicy[]): PolicyGroup {
  let compiled: CompiledPolicy[] | undefined;
  return {
    isFor: lateActionTest(action),
    compiled: () => {
      compiled ??= compile();
      return compiled;
    },
  };
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
    case 'in':
      return ({ action, store }) => named(action) || [...store.ancestors(action)].some(named);
    default:
      throw new ConfigurationError(`the scope of an action has no operator ${JSON.stringify(scope.op)}`);
  }
}
