import { readFile } from 'node:fs/promises';
import { createPdp, InvalidBundleError, parseAccessRequest, readArchive } from 'serverless-pdp/engine';

const bundle = await readArchive(await readFile(process.argv[2]));
const pdp = createPdp(bundle);
const request = parseAccessRequest({
  subject: { type: 'User', id: 'bob' },
  action: { name: 'edit' },
  resource: { type: 'Note', id: 'acme/roadmap' },
});
const damaged = await readArchive(new Uint8Array(8)).catch((error) => error);
console.log(
  JSON.stringify({
    revision: pdp.revision,
    decision: pdp.decide(request).decision,
    damaged: damaged instanceof InvalidBundleError,
  }),
);
