import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Files of a bundle directory, by path. */
export type BundleFiles = Record<string, string>;

/** The fixture that AuthZEN's certification scenario asks for: two users, two records, three actions. */
export const CERTIFICATION: BundleFiles = {
  'policies.cedar': `
    @id("alice-reads-and-writes")
    permit(principal == user::"alice", action in [Action::"read", Action::"write"], resource is record)
    unless { action == Action::"write" && resource has status && resource.status == "archived" };

    @id("bob-reads")
    permit(principal == user::"bob", action == Action::"read", resource is record);

    @id("admins-write-archived")
    @advice("log it")
    permit(principal is user, action == Action::"write", resource is record)
    when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };

    @id("alice-deletes-softly")
    permit(principal == user::"alice", action == Action::"delete", resource is record)
    when { context has action && context.action has soft && context.action.soft };
  `,
  'schema.cedarschema': `
    entity user { role?: String };
    entity record { status?: String };
    action read, write appliesTo { principal: user, resource: record, context: { time?: String } };
    action delete appliesTo { principal: user, resource: record, context: { action?: { soft?: Bool } } };
  `,
  'entities.json': JSON.stringify([
    { uid: { type: 'user', id: 'alice' }, attrs: {}, parents: [] },
    { uid: { type: 'user', id: 'bob' }, attrs: { role: 'admin' }, parents: [] },
    { uid: { type: 'record', id: 'record-1' }, attrs: { status: 'active' }, parents: [] },
    { uid: { type: 'record', id: 'record-2' }, attrs: { status: 'archived' }, parents: [] },
  ]),
};

/** A policy set that lets one user do everything, told apart by the id of the policy. */
export function permitOnly(user: string, id = `only-${user}`): BundleFiles {
  return { 'policies.cedar': `@id("${id}")\npermit(principal == user::"${user}", action, resource);\n` };
}

/** Writes a bundle directory that is gone when the test or the suite's hook has ended. */
export async function bundleDirectory(files: BundleFiles): Promise<string> {
  const directory = await temporaryDirectory();
  await writeBundle(directory, files);
  return directory;
}

export async function writeBundle(directory: string, files: BundleFiles): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(directory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pdp-test-'));
  whenDone(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const cleanups: (() => Promise<void>)[] = [];

/** Cleans up after the test, or in {@link cleanUp} when called from a suite's hook. */
export function whenDone(cleanup: () => Promise<void>): void {
  try {
    onTestFinished(cleanup);
  } catch {
    cleanups.push(cleanup);
  }
}

/** For `afterAll` of suites that start what their tests share. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}
