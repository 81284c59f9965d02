import type { BuiltPolicies, PolicyHead } from '../built-policies.ts';
import { ConfigurationError } from '../errors.ts';
import { PolicyCompiler, type PolicyGroup } from './compile-policies.ts';
import type { NodeStore } from './store.ts';

/**
 * Policies that this engine is known to evaluate. They are read and compiled when there is a request with an action
 * that they are for.
 *
 * @throws InvalidBundleError, or ConfigurationError, now or then, when they turn out not to be good
 */
export function latePolicies(
  built: BuiltPolicies,
  { byAction, templates, templateLinks }: PolicyHead,
  store: NodeStore,
): PolicyGroup[] {
  const compiler = new PolicyCompiler(store);
  const groups: PolicyGroup[] = byAction.map(({ action, policies }) => ({
    ...compiler.actionScope(policies.join(), action),
    compiled: once(() => policies.map((id) => compiler.compileLate(id, built.policy(id)))),
  }));
  const links = Map.groupBy(templateLinks, ({ templateId }) => templateId);
  for (const [id, json] of Object.entries(templates)) {
    const linked = links.get(id) ?? [];
    groups.push({
      ...compiler.actionScope(id, json.action),
      compiled: once(() =>
        linked.map(({ newId, values }) => compiler.compileLate(newId, json, compiler.filling(values))),
      ),
    });
    links.delete(id);
  }
  for (const [id] of links) throw new ConfigurationError(`policy template ${id} is not there`);
  return groups;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
