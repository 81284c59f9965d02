import { mkdir, writeFile } from 'node:fs/promises';
import { compileDirectory, compileInWorker } from 'serverless-pdp/compiler';

const [directory] = process.argv.slice(2);
const compileLayer = (path) => compileInWorker({ layers: [{ name: path, content: { directory: path } }] });
const compiled = [await compileDirectory(directory), await compileLayer(directory)];
await mkdir('broken', { recursive: true });
await writeFile('broken/notes.cedar', 'permit (principal, action, resource)\nwhen { 1 + };\n');
const { problems } = await compileLayer('broken');
console.log(
  JSON.stringify({
    revisions: compiled.map(({ bundle }) => bundle.revision),
    problems: problems.map(({ file, line }) => `${file}:${line}`),
  }),
);
