import { App, Stack } from 'aws-cdk-lib';
import { EmbeddedPdp, ServerlessPdpStack, SynthesisError } from 'serverless-pdp';
import { NotesStack } from './src/notes-stack.ts';

// What templates hold is checked by the tests of the constructs.
const context = { '@aws-cdk/core:validateAgainstDefaultRules': false };
const app = new App({ outdir: 'cdk.out', context });
new NotesStack(app, 'Notes');
// The sample, with all that it finds in the package: image, policies, handlers.
new ServerlessPdpStack(app, 'Sample');
const { stacks } = app.synth();

let refused;
try {
  new EmbeddedPdp(new Stack(), 'Pdp', { policies: 'nowhere' });
} catch (error) {
  refused = error instanceof SynthesisError;
}
console.log(JSON.stringify({ templates: stacks.map(({ templateFile }) => templateFile), refused }));
