import { fileURLToPath } from 'node:url';
import { compileDirectory } from '../../compiler/index.ts';
import type { AccessRequest, Bundle } from '../../engine/index.ts';

/** The sample's bundle, as a directory. */
export const POLICIES = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));

/** What is asked, by turns: two permits and two denials of the sample. */
export const QUESTIONS: { request: AccessRequest; decision: boolean }[] = [
  { request: question('bob', 'edit', 'acme/roadmap'), decision: true },
  { request: question('carol', 'edit', 'acme/roadmap'), decision: false },
  { request: question('alice', 'view', 'acme/design'), decision: true },
  { request: question('erin', 'view', 'acme/roadmap'), decision: false },
];

function question(user: string, action: string, note: string): AccessRequest {
  return {
    subject: { type: 'User', id: user },
    action: { name: action },
    resource: { type: 'Note', id: note },
  };
}

/** @throws Error when the sample does not compile */
export async function sampleBundle(): Promise<Bundle> {
  const result = await compileDirectory(POLICIES);
  if (!result.ok) throw new Error(`the sample does not compile: ${result.problems[0]?.message}`);
  return result.bundle;
}
