import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EXAMPLE_CONTEXT, PLACEMENTS, STORE_EXAMPLE } from '../../../lib/sample/placements.ts';
import { addSample } from '../../../lib/sample/sample.ts';
import { readSettings } from '../../../lib/sample/settings.ts';
import { imageContext, newApp, temporaryDirectory } from '../support.ts';

/** What `-c` sets, by the name of a variant: each placement, and what one of them does when more is set. */
export const VARIANTS: Readonly<Record<string, Record<string, string>>> = {
  ...Object.fromEntries(
    PLACEMENTS.map((placement) => [placement, { placement, ...EXAMPLE_CONTEXT[placement] }]),
  ),
  'cluster behind a load balancer': {
    placement: 'cluster',
    certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/pdp',
    domainName: 'pdp.example.com',
  },
  'serverless with published policies': STORE_EXAMPLE,
  'sidecar with published policies': {
    placement: 'sidecar',
    policies: 'store',
    publisherArn: 'arn:aws:iam::123456789012:role/publisher',
  },
  'embedded with published policies': {
    placement: 'embedded',
    policies: 'store',
    repository: 'acme@123456/policies@456789',
  },
};

// One directory for all: a handler is bundled once and not once for each variant.
const outdir = temporaryDirectory();
const image = imageContext(temporaryDirectory());

export interface Synthesized {
  readonly app: App;
  readonly outdir: string;
  /** By the part of the sample: `Network`, `Pdp`, `Notes`. */
  readonly templates: Readonly<Record<string, Template>>;
  /** The names of the stacks that each stack waits for. */
  readonly waits: Readonly<Record<string, string[]>>;
}

export function synthesize(context: Record<string, string>): Synthesized {
  const app = newApp(outdir, context);
  const stacks = addSample(app, readSettings(app.node), { pdp: image, app: image });
  const part = (name: string) => name.replace(/^[A-Z][a-z]+/, '');
  return {
    app,
    outdir,
    templates: Object.fromEntries(stacks.map((stack) => [part(stack.stackName), Template.fromStack(stack)])),
    waits: Object.fromEntries(
      stacks.map((stack) => [
        part(stack.stackName),
        stack.dependencies.map(({ stackName }) => part(stackName)).sort(),
      ]),
    ),
  };
}
