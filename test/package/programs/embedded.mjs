import { createEmbeddedPdp } from 'serverless-pdp/embedded';

const pdp = createEmbeddedPdp({ bundle: process.argv[2] });
const decisions = await pdp.evaluateAll(
  ['view', 'edit'].map((name) => ({
    subject: { type: 'User', id: 'carol' },
    action: { name },
    resource: { type: 'Note', id: 'acme/roadmap' },
  })),
);
console.log(JSON.stringify(decisions.map(({ decision }) => decision)));
