import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildArchive, compileFiles, type Files } from '../../compiler/index.ts';

export const SAMPLE = new URL('../../pdp-container/policies/', import.meta.url).pathname;

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A built bundle in which `who` may view everything. */
export async function bundleFor(who: string): Promise<Uint8Array> {
  const policy = `@id("one") permit (principal == User::"${who}", action == Action::"view", resource);`;
  const files: Files = new Map([['policy.cedar', new TextEncoder().encode(policy)]]);
  const result = await compileFiles(files);
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return buildArchive(result.bundle, files);
}

export async function bundleFile(directory: string, who: string): Promise<string> {
  const path = join(directory, 'bundle.tar.gz');
  await writeFile(path, await bundleFor(who));
  return path;
}
