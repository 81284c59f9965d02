import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type CompileJob,
  type CompileResult,
  compileFiles,
  type Files,
  type LayerContent,
} from '../compiler/index.ts';
import { type Bundle, type BundleEntities, createPdp } from '../engine/index.ts';

/** Files of a bundle from text. */
export function files(contents: Record<string, string>): Files {
  return new Map(Object.entries(contents).map(([path, text]) => [path, new TextEncoder().encode(text)]));
}

/** Compiles text that must be a good bundle. */
export async function bundleOf(contents: Record<string, string>): Promise<Bundle> {
  const result = await compileFiles(files(contents));
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.bundle;
}

/** A PDP over text that must be a good bundle. */
export async function pdpOf(contents: Record<string, string>): Promise<ReturnType<typeof createPdp>> {
  return createPdp(await bundleOf(contents));
}

/** The problems of text that must not be a good bundle, one a line. */
export function problemLines(result: CompileResult<BundleEntities>): string[] {
  if (result.ok) throw new Error('the bundle is valid');
  return result.problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
}

/** A directory with these files, gone after the test. */
export async function directoryOf(contents: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pdp-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

/** What compiles these layers, named `one`, `two` and so on. */
export function jobOf(...contents: LayerContent[]): CompileJob {
  const names = ['one', 'two', 'three'];
  return { layers: contents.map((content, index) => ({ name: names[index] ?? '', content })) };
}
