import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { EngineRequest, EntityJson, PolicyJson } from '../../engine/index.ts';

/** Policies of many scopes and conditions, entities, and questions with what is to be decided. */
export interface World {
  policies: Record<string, PolicyJson>;
  entities: EntityJson[];
  questions: { request: EngineRequest; decision: 'allow' | 'deny' }[];
}

/** By turns. Each speaks of a role, user or folder of its own, as policies of many tenants do. */
const KINDS: ((n: number) => string)[] = [
  (n) =>
    `permit(principal in Role::"role-${n}", action in [Action::"view", Action::"edit"], resource is Document)
     when { principal.tenant == resource.tenant && !resource.archived };`,
  (n) =>
    `permit(principal == User::"user-${n}", action == Action::"edit", resource in Folder::"folder-${n}")
     unless { resource.archived };`,
  (n) =>
    `permit(principal in Role::"role-${n}", action == Action::"share", resource)
     when { context has mfa && context.mfa };`,
  (n) =>
    `permit(principal, action == Action::"view", resource in Folder::"folder-${n}")
     when { resource.public || principal.level > 5 };`,
  (n) =>
    `forbid(principal in Role::"role-${n}", action, resource is Document)
     when { resource.archived && principal.level < 9 };`,
];

const entity = (type: string, id: string, attrs: EntityJson['attrs'], parents: [string, string][] = []) => ({
  uid: { type, id },
  attrs,
  parents: parents.map(([parentType, parentId]) => ({ type: parentType, id: parentId })),
});

const ENTITIES: EntityJson[] = [
  entity('User', 'alice', { tenant: 'acme', level: 7 }, [['Role', 'role-0']]),
  entity('User', 'bob', { tenant: 'acme', level: 2 }),
  entity('Role', 'role-0', {}),
  entity('Folder', 'folder-3', {}),
  entity('Document', 'plan', { tenant: 'acme', archived: false, public: false }, [['Folder', 'folder-3']]),
];

function question(user: string, action: string): EngineRequest {
  return {
    principal: { type: 'User', id: user },
    action: { type: 'Action', id: action },
    resource: { type: 'Document', id: 'plan' },
  };
}

/** A world of as many policies as asked for and five entities. */
export function worldOf(policies: number): World {
  return {
    policies: Object.fromEntries(
      Array.from({ length: policies }, (_, n) => [`policy${n}`, policyJson(policyText(n))]),
    ),
    entities: ENTITIES,
    questions: [
      { request: question('alice', 'edit'), decision: 'allow' },
      { request: question('bob', 'edit'), decision: 'deny' },
      { request: question('alice', 'view'), decision: 'allow' },
      { request: question('bob', 'view'), decision: 'deny' },
    ],
  };
}

/** The text of one of the policies. */
export function policyText(n: number): string {
  return KINDS[n % KINDS.length]?.(n) ?? '';
}

export function policyJson(text: string): PolicyJson {
  const answer = cedar.policyToJson(text);
  if (answer.type === 'failure') throw new Error(`a policy of the bench: ${answer.errors[0]?.message}`);
  return answer.json as PolicyJson;
}
