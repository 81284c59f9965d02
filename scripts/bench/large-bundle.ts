// Writes the large world as a built bundle, from a process of its own, whose memory then is free: FILE REVISION.
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { buildFiles, parseSchema, revisionOf } from '../../compiler/index.ts';
import type { Bundle } from '../../engine/index.ts';
import { LARGE_SCHEMA, largeEntities, largePolicies } from './large-world.ts';
import { policyJson } from './world.ts';

const [file = '', revision = ''] = process.argv.slice(2);
const policies = largePolicies(revision === 'later' ? 'later' : 'earlier');
const entities = [...largeEntities()];
const bytes = (text: string) => new TextEncoder().encode(text);
const sources = new Map([
  ['policies.cedar', bytes(policies.join('\n'))],
  ['large.cedarschema', bytes(LARGE_SCHEMA)],
  ['entities.json', bytes(JSON.stringify(entities))],
]);
const bundle: Bundle = {
  revision: await revisionOf(sources),
  namespace: '',
  policies: {
    staticPolicies: Object.fromEntries(
      policies.map((text, index) => [`policies.cedar#${index + 1}`, policyJson(text)]),
    ),
    templates: {},
    templateLinks: [],
  },
  schema: parseSchema(LARGE_SCHEMA),
  entities,
};
// As `pdp build` makes it, but for the compression, which takes it minutes.
const entries = [...(await buildFiles(bundle, sources))].map(([name, body]) => ({
  header: { name, size: body.byteLength, mode: 0o644 },
  body,
}));
await writeFile(file, gzipSync(await packTar(entries), { level: 1 }));
console.log(bundle.revision);
