import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { addSample } from '../lib/sample/sample.ts';
import { readSettings } from '../lib/sample/settings.ts';
import { SynthesisError } from '../lib/synthesis-error.ts';

try {
  // Synthesized below and not when the process ends, which would report what is half made after a mistake.
  const app = new App({ autoSynth: false });
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new NIST80053R5Checks(app),
    new ServerlessChecks(app),
  );
  addSample(app, readSettings(app.node));
  app.synth();
} catch (error) {
  if (!(error instanceof SynthesisError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
