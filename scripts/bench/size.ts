import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { atMost, type Outcome } from './report.ts';

/** What a function with the embedded PDP is packed into, as the constructs do it. */
export async function benchSize(): Promise<Outcome> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: ['lambda/sample/view-note.ts'],
    outdir: 'build/bench',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    external: ['@aws-sdk/*'],
    metafile: true,
  });
  const kilobytes = (size: number) => size / 1_000;
  const plain = outputFiles.reduce((size, { contents }) => size + contents.byteLength, 0);
  const packed = outputFiles.reduce((size, { contents }) => size + gzipSync(contents).byteLength, 0);
  const wasm = Object.keys(metafile.inputs).filter((path) => /\.wasm$|cedar-wasm/.test(path)).length;
  return {
    sections: [
      {
        title: "The function's bundle with the embedded PDP",
        columns: ['kB gzip', 'kB', 'WebAssembly files'],
        rows: [{ name: 'lambda/sample/view-note.ts', figures: [kilobytes(packed), kilobytes(plain), wasm] }],
      },
    ],
    findings: [
      atMost("function's bundle, gzip", kilobytes(packed), 60, ' kB'),
      atMost("function's bundle, WebAssembly", wasm, 0, ' files'),
    ],
  };
}
