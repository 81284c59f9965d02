import { App, Stack } from 'aws-cdk-lib';
import { EmbeddedPdp, FargatePdp, IsolatedNetwork, SynthesisError } from 'serverless-pdp';
import { NotesStack } from './src/notes-stack.ts';

// What templates hold is checked by the tests of the constructs.
const context = { '@aws-cdk/core:validateAgainstDefaultRules': false };
const app = new App({ outdir: 'cdk.out', context });
new NotesStack(app, 'Notes');
// With all that it finds in the package: the image's context, the function that makes the certificate.
const decisions = new Stack(app, 'Decisions');
const { vpc, endpoints } = new IsolatedNetwork(decisions, 'Network');
new FargatePdp(decisions, 'Pdp', { vpc, endpoints, policies: 'policies' });
const { stacks } = app.synth();

let refused;
try {
  new EmbeddedPdp(new Stack(), 'Pdp', { policies: 'nowhere' });
} catch (error) {
  refused = error instanceof SynthesisError;
}
console.log(JSON.stringify({ templates: stacks.map(({ templateFile }) => templateFile), refused }));
