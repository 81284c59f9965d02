import { writeSampleContext } from './image-context.ts';

const outDir = process.argv[2] ?? 'build/sample-app';
await writeSampleContext(outDir);
console.log(`wrote ${outDir}`);
