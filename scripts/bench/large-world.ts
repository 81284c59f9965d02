import type { AccessRequest, EntityJson } from '../../engine/index.ts';
import { policyText } from './world.ts';

/** Policies and entities of the bundle that is loaded anew while it is asked. */
export const LARGE = { policies: 10_000, entities: 1_000_000 };

/** Each policy speaks of a role, a folder or a user of its own, so there is one of each for each policy. */
const GROUPS = LARGE.policies;
const DOCUMENTS = (LARGE.entities - 2 * GROUPS) / 4;
const USERS = 3 * DOCUMENTS;
const TENANTS = 100;

export const LARGE_SCHEMA = `entity Role;
entity Folder;
entity User in [Role] { tenant: String, level: Long };
entity Document in [Folder] { tenant: String, archived: Bool, public: Bool };
action view, edit appliesTo { principal: User, resource: Document };
action share appliesTo { principal: User, resource: Document, context: { mfa?: Bool } };
`;

/** The policies as text; the later revision has one more. */
export function largePolicies(revision: 'earlier' | 'later'): string[] {
  const policies = Array.from({ length: LARGE.policies }, (_, n) => policyText(n));
  return revision === 'later' ? [...policies, policyText(LARGE.policies)] : policies;
}

export function* largeEntities(): Generator<EntityJson> {
  for (let n = 0; n < GROUPS; n += 1) {
    yield { uid: { type: 'Role', id: `role-${n}` }, attrs: {}, parents: [] };
    yield { uid: { type: 'Folder', id: `folder-${n}` }, attrs: {}, parents: [] };
  }
  for (let n = 0; n < USERS; n += 1) {
    yield {
      uid: { type: 'User', id: `user-${n}` },
      attrs: { tenant: `t${n % TENANTS}`, level: levelOf(n) },
      parents: [{ type: 'Role', id: `role-${n % GROUPS}` }],
    };
  }
  for (let n = 0; n < DOCUMENTS; n += 1) {
    yield {
      uid: { type: 'Document', id: `doc-${n}` },
      attrs: { tenant: `t${n % TENANTS}`, archived: isArchived(n), public: isPublic(n) },
      parents: [{ type: 'Folder', id: `folder-${n % GROUPS}` }],
    };
  }
}

/** Questions about users and documents from all over, each with what both revisions decide. */
export function largeQuestions(count: number): { request: AccessRequest; decision: boolean }[] {
  return Array.from({ length: count }, (_, index) => {
    // Every other one has user and document of one tenant, so that many are let in.
    const user = (index * 104_729) % USERS;
    const document = index % 2 === 0 ? user % DOCUMENTS : (index * 7_919) % DOCUMENTS;
    const action = index % 3 === 0 ? 'edit' : 'view';
    return {
      request: {
        subject: { type: 'User', id: `user-${user}` },
        action: { name: action },
        resource: { type: 'Document', id: `doc-${document}` },
      },
      decision: isAllowed(user, action, document),
    };
  });
}

/** What the policies say, in other words. */
function isAllowed(user: number, action: 'view' | 'edit', document: number): boolean {
  const role = user % GROUPS;
  const folder = document % GROUPS;
  const archived = isArchived(document);
  const level = levelOf(user);
  if (role % 5 === 4 && archived && level < 9) return false;
  const byRole = role % 5 === 0 && user % TENANTS === document % TENANTS && !archived;
  const own = action === 'edit' && user < GROUPS && user % 5 === 1 && folder === user && !archived;
  const byFolder = action === 'view' && folder % 5 === 3 && (isPublic(document) || level > 5);
  return byRole || own || byFolder;
}

function levelOf(user: number): number {
  return Math.floor(user / 7) % 10;
}

function isArchived(document: number): boolean {
  return Math.floor(document / 3) % 4 === 0;
}

function isPublic(document: number): boolean {
  return Math.floor(document / 11) % 2 === 0;
}
