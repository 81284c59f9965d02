import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ServerlessPdpStack } from '../lib/index.ts';
import { readSettings } from '../lib/sample/settings.ts';
import { SynthesisError } from '../lib/synthesis-error.ts';

/** The stack of each placement has a name of its own, so that both can be deployed side by side. */
const STACK_NAMES = { serverless: 'ServerlessPdp', embedded: 'EmbeddedPdp' };

try {
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const settings = readSettings(app.node);
  new ServerlessPdpStack(app, STACK_NAMES[settings.placement], settings);
  app.synth();
} catch (error) {
  if (!(error instanceof SynthesisError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
