import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { buildArchive, buildFiles, type Files } from '../../compiler/index.ts';
import { InvalidBundleError } from '../../engine/index.ts';
import { openSigner, type SigningFlags, signKeyOption } from '../store/keys.ts';
import { UsageError } from '../terminal/exit.ts';
import { wholeNumber } from '../terminal/options.ts';
import { print, printJson, printProblems, styled } from '../terminal/output.ts';
import { compileSource, DEFAULT_SOURCE, SOURCE_ARGUMENT } from '../terminal/source.ts';

interface BuildFlags extends SigningFlags {
  output: string;
  unpacked?: true;
  sequence?: number;
  json?: true;
}

const HELP = `
The same input gives the same bytes. Signatures by P-256 and P-384 keys are other ones each time, those by Ed25519
keys are not.

--sequence and --sign-key are for bundles that another server than S3 offers; \`pdp publish\` counts by itself. A
PDP refuses a sequence below the one that it ran.

Exit status: 0 written, 2 not valid.
`;

/** `pdp build`: the shipping form of a bundle. */
export function buildCommand(): Command {
  return new Command('build')
    .description('check a bundle and write its shipping form, a .tar.gz with a manifest')
    .argument('[SOURCE]', SOURCE_ARGUMENT, process.env.PDP_SOURCE ?? DEFAULT_SOURCE)
    .requiredOption('-o, --output <file>', 'where to write it, such as bundle.tar.gz')
    .option('--unpacked', 'write a directory instead, for the layer or the package of a function')
    .addOption(
      new Option('--sequence <number>', 'which publication at one address it is, from 1').argParser(
        wholeNumber(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(signKeyOption())
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (source: string, options: BuildFlags) => {
      const { output, sequence } = options;
      const signer = await openSigner(options.signKey);
      const { result, files } = await compileSource(source);
      if (!result.ok) throw new InvalidBundleError(result.problems);
      printProblems(result.warnings);
      const { bundle } = result;
      const how = { ...(sequence === undefined ? {} : { sequence }), ...(signer ? { signer } : {}) };
      const bytes = options.unpacked
        ? await write(output, await buildFiles(bundle, undefined, how))
        : await write(output, await buildArchive(bundle, files, how));
      const { revision } = bundle;
      if (options.json) printJson({ output, revision, bytes });
      else print(`${styled('green', 'built')}  ${output}: revision ${revision}, ${bytes} bytes`);
    });
}

/** Writes a file, or a directory of files that is not there yet. Resolves with their bytes. @throws UsageError */
async function write(output: string, content: Uint8Array | Files): Promise<number> {
  const files: Files = content instanceof Map ? content : new Map([['', content]]);
  // Beside it first, so that a reader never sees half of it.
  const partial = `${output}.${process.pid}.partial`;
  try {
    // One level, not as many as it takes: in /proc Node would try for ever.
    await mkdir(dirname(output)).catch(() => {});
    for (const [path, bytes] of files) {
      const file = join(partial, path);
      if (path !== '') await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw new UsageError(`--output: ${output} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
