import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { figure } from './measure.ts';
import { PACKED } from './pack.ts';
import { atMost, type Outcome } from './report.ts';

const FUNCTION = 'lambda/sample/view-note.ts';
const CLIENT = 'remote client';
const MIDDLEWARE = 'middleware, with both PDPs';

/** Modules of a function of the application, each with what it is packed with. */
const PARTS: Record<string, string> = {
  middy: "export { default } from '@middy/core'",
  [CLIENT]: "export { createPdpClient } from './lambda/client/index.ts'",
  [MIDDLEWARE]: "export * from './lambda/middleware/index.ts'",
  'embedded PDP': "export { createEmbeddedPdp } from './lambda/embedded/index.ts'",
};

/** What a function with the kit is packed into, as the constructs do it. */
export async function benchSize(): Promise<Outcome> {
  const whole = await sizeOf(`export { handler } from './${FUNCTION}'`);
  const parts = [];
  for (const [name, contents] of Object.entries(PARTS)) parts.push({ name, ...(await sizeOf(contents)) });
  const remote = await sizeOf(PARTS[MIDDLEWARE] ?? '', ['*/embedded/index.ts']);
  parts.push({ name: 'middleware, with the remote client alone', ...remote });
  const rows = [{ name: FUNCTION, ...whole }, ...parts].map(({ name, figures }) => ({ name, figures }));
  return {
    sections: [{ title: 'Packed for a function', columns: ['kB gzip', 'kB', 'WebAssembly files'], rows }],
    findings: [
      atMost("function's bundle, gzip", figure(rows, FUNCTION), 60, ' kB'),
      atMost("function's bundle, WebAssembly", figure(rows, FUNCTION, 2), 0, ' files'),
      atMost('remote client, gzip', figure(rows, CLIENT), 25, ' kB'),
    ],
  };
}

/**
 * Kilobytes zipped and not, and the number of files in WebAssembly.
 *
 * @param without modules that are left out
 */
async function sizeOf(contents: string, without: string[] = []): Promise<{ figures: number[] }> {
  const { outputFiles, metafile } = await build({
    ...PACKED,
    external: [...PACKED.external, ...without],
    stdin: { contents, resolveDir: PACKED.absWorkingDir },
    outdir: 'build/bench',
    write: false,
    metafile: true,
  });
  const kilobytes = (measure: (file: Uint8Array) => number) =>
    outputFiles.reduce((size, { contents: bytes }) => size + measure(bytes), 0) / 1_000;
  const wasm = Object.keys(metafile.inputs).filter((path) => /\.wasm$|cedar-wasm/.test(path)).length;
  return { figures: [kilobytes((file) => gzipSync(file).length), kilobytes((file) => file.length), wasm] };
}
