import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { buildArchive } from '../../compiler/index.ts';
import { InvalidBundleError } from '../../engine/index.ts';
import { UsageError } from '../terminal/exit.ts';
import { print, printJson, printProblems, styled } from '../terminal/output.ts';
import { compileSource, DEFAULT_SOURCE, SOURCE_ARGUMENT } from '../terminal/source.ts';

/** `pdp build`: the shipping form of a bundle. */
export function buildCommand(): Command {
  return new Command('build')
    .description('check a bundle and write its shipping form, a .tar.gz with a manifest')
    .argument('[SOURCE]', SOURCE_ARGUMENT, process.env.PDP_SOURCE ?? DEFAULT_SOURCE)
    .requiredOption('-o, --output <file>', 'where to write it, such as bundle.tar.gz')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nThe same input gives the same bytes. Exit status: 0 written, 2 not valid.\n')
    .action(async (source: string, options: { output: string; json?: true }) => {
      const { result, files } = await compileSource(source);
      if (!result.ok) throw new InvalidBundleError(result.problems);
      printProblems(result.warnings);
      const archive = await buildArchive(result.bundle, files);
      await write(options.output, archive);
      const { revision } = result.bundle;
      if (options.json) printJson({ output: options.output, revision, bytes: archive.byteLength });
      else
        print(
          `${styled('green', 'built')}  ${options.output}: revision ${revision}, ${archive.byteLength} bytes`,
        );
    });
}

/** @throws UsageError */
async function write(output: string, archive: Uint8Array): Promise<void> {
  // Beside it first, so that a reader never sees half of it.
  const partial = `${output}.${process.pid}.partial`;
  try {
    // One level, not as many as it takes: in /proc Node would try for ever.
    await mkdir(dirname(output)).catch(() => {});
    await writeFile(partial, archive);
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    throw new UsageError(`--output: ${output} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
