import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildArchive, buildFiles, compileFiles, type Files } from '../../compiler/index.ts';
import type { Bundle } from '../../engine/index.ts';

export const SAMPLE = new URL('../../pdp-container/policies/', import.meta.url).pathname;

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A built bundle in which `who` may view everything. */
export async function bundleFor(who: string): Promise<Uint8Array> {
  const { bundle, files } = await compiledFor(who);
  return buildArchive(bundle, files);
}

export async function bundleFile(directory: string, who: string): Promise<string> {
  const path = join(directory, 'bundle.tar.gz');
  await writeFile(path, await bundleFor(who));
  return path;
}

/** The same unpacked. */
export async function bundleDirectory(directory: string, who: string): Promise<string> {
  const { bundle } = await compiledFor(who);
  return writeFiles(join(directory, 'pdp'), await buildFiles(bundle));
}

export async function writeFiles(directory: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  }
  return directory;
}

async function compiledFor(who: string): Promise<{ bundle: Bundle; files: Files }> {
  const policy = `@id("one") permit (principal == User::"${who}", action == Action::"view", resource);`;
  const files: Files = new Map([['policy.cedar', new TextEncoder().encode(policy)]]);
  const result = await compileFiles(files);
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return { bundle: result.bundle, files };
}
