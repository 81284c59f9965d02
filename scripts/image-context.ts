import { chmod, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Some dependencies are CommonJS and `require` Node's own modules; an ES module has no `require` of its own. */
const banner =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);";

/**
 * Writes the build context of the container image, all but `bundle.tar.gz`: the Dockerfiles, the packed server
 * with its worker and health check, and Cedar's WebAssembly.
 *
 * @param outDir a directory, made when it is not there; files of the same name are overwritten
 */
export async function writeImageContext(outDir: string): Promise<void> {
  const cedar = fileURLToPath(import.meta.resolve('@cedar-policy/cedar-wasm/web'));
  await writeContext(outDir, {
    programs: {
      pdp: 'bin/pdp.ts',
      'compile-worker': 'compiler/worker.ts',
      healthcheck: 'pdp-container/healthcheck.ts',
    },
    copied: [
      join(root, 'pdp-container/Dockerfile'),
      join(root, 'pdp-container/Dockerfile.git'),
      join(dirname(cedar), 'cedar_wasm_bg.wasm'),
    ],
    // `pdp status`, `pdp rollout` and keys of KMS are for where people work; the container says that it has them not.
    external: ['@aws-sdk/client-ecs', '@aws-sdk/client-kms'],
    // What a source of one kind takes, such as S3's client, is read only when there is one.
    splitting: true,
  });
  await writeEmptyDirectory(join(outDir, 'empty'));
}

/** Writes the build context of the sample application's image: its placement beside the PDP. */
export async function writeSampleContext(outDir: string): Promise<void> {
  const folder = 'lambda/sample/service';
  await writeContext(outDir, {
    programs: { service: `${folder}/service.ts`, healthcheck: `${folder}/healthcheck.ts` },
    copied: [join(root, folder, 'Dockerfile')],
  });
}

/** A directory to copy where the image is to have one. It has a file: a package keeps no directory without. */
async function writeEmptyDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  await writeFile(join(directory, '.keep'), '');
  await chmod(join(directory, '.keep'), 0o644);
}

interface Context {
  /** What runs in the image, by the name that the Dockerfile copies. */
  programs: Record<string, string>;
  copied: string[];
  /** Packages that are not packed. */
  external?: string[];
  /** Whether what is imported dynamically is in files of its own, beside the programs. @default false */
  splitting?: boolean;
}

/** Of the files of its own that splitting makes: esbuild's hash is in it. */
const CHUNK = /-[A-Z0-9]{8}\.mjs$/;

async function writeContext(outDir: string, context: Context): Promise<void> {
  const { programs, copied, external = [], splitting = false } = context;
  const out = resolve(outDir);
  await mkdir(out, { recursive: true });
  // Those of an earlier build have other names, and nobody would read them.
  const earlier = (await readdir(out)).filter((name) => CHUNK.test(name));
  await Promise.all(earlier.map((name) => rm(join(out, name))));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([name, path]) => ({ in: path, out: name })),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting,
    chunkNames: '[name]-[hash]',
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // jsonc-parser's `main` is a UMD file whose inner requires cannot be packed; its `module` can.
    mainFields: ['module', 'main'],
    external,
    minify: true,
    legalComments: 'inline',
    banner: { js: banner },
    logLevel: 'warning',
  });
  await Promise.all(copied.map((from) => copyFile(from, join(out, basename(from)))));
  // The image's user is not the one that builds it, whose umask may hide new files from others.
  const written = [...Object.keys(metafile.outputs), ...copied].map((path) => basename(path));
  await Promise.all(written.map((name) => chmod(join(out, name), 0o644)));
}

if (import.meta.main) {
  const outDir = process.argv[2] ?? 'build/image';
  await writeImageContext(outDir);
  console.log(
    `wrote ${outDir}; add bundle.tar.gz: npm run pdp -- build DIR --output ${outDir}/bundle.tar.gz`,
  );
}
