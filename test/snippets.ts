import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '..');

/** The code blocks of a Markdown text in one language. */
export function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] as string);
}

/** What the compiler says of modules that import this package by its name; nothing when they compile. */
export async function compile(modules: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(ROOT, 'build-snippets-'));
  try {
    for (const [index, text] of modules.entries())
      await writeFile(join(directory, `example-${index}.ts`), text);
    const compilerOptions = { paths: await sources() };
    const config = { extends: '../tsconfig.json', compilerOptions, include: ['*.ts'] };
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', directory]).catch(
      (error) => error,
    );
    return stdout;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The source behind each path that the package exports. */
async function sources(): Promise<Record<string, string[]>> {
  const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>;
  };
  return Object.fromEntries(
    Object.entries(exports).flatMap(([path, target]) =>
      typeof target === 'string'
        ? []
        : [
            [
              path.replace(/^\./, 'serverless-pdp'),
              [target.types.replace('./dist/', '../').replace('.d.ts', '.ts')],
            ],
          ],
    ),
  );
}
