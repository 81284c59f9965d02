import type { PolicySetJson } from './cedar-json.ts';
import type { StoredEntities } from './contract.ts';
import type { Schema } from './schema.ts';

/** What `LocalPdp.resourceTypes` answers for one revision. */
export function resourceTypesOf(
  policies: PolicySetJson,
  schema: Schema | undefined,
  entities: StoredEntities,
): (subjectType: string) => readonly string[] {
  if (schema !== undefined) {
    return (subjectType) => {
      const applying = [...schema.actions.values()].filter(({ principalTypes }) =>
        principalTypes.has(subjectType),
      );
      return [...new Set(applying.flatMap(({ resourceTypes }) => [...resourceTypes]))].sort();
    };
  }
  const named = typesInScopes(policies);
  const isAction = (type: string) => type === 'Action' || type.endsWith('::Action');
  return () => [...new Set([...named, ...entities.types().filter((type) => !isAction(type))])].sort();
}

/** Types of resources that the scopes of policies name. */
function typesInScopes({ staticPolicies, templates }: PolicySetJson): Set<string> {
  const types = new Set<string>();
  for (const { resource } of [...Object.values(staticPolicies), ...Object.values(templates)]) {
    const scope = resource as { op?: string; entity?: { type?: string }; entity_type?: string };
    const type = scope.entity_type ?? (scope.op === '==' ? scope.entity?.type : undefined);
    if (type !== undefined) types.add(type);
  }
  return types;
}
