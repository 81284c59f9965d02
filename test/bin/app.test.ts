import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../lib/support.ts';

const outdir = temporaryDirectory();
const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

/** The CDK app as `cdk synth -c …` starts it. */
function synthesize(settings: Record<string, string>) {
  const env = {
    PATH: process.env.PATH,
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...settings }),
  };
  return spawnSync(process.execPath, ['bin/app.ts'], { encoding: 'utf8', env });
}

it('names an unknown placement and what there is, in one line', () => {
  const { status, stdout, stderr } = synthesize({ placement: 'nowhere' });
  expect(stderr).toBe(
    'placement: "nowhere" is not known; use -c placement=serverless|cluster|star|sidecar|embedded|remote\n',
  );
  expect([status, stdout]).toEqual([1, '']);
});

it('says what is wrong in one line, also when some of it is made already', () => {
  // The network is there when the load balancer turns out to be for nothing.
  const { status, stdout, stderr } = synthesize({
    placement: 'cluster',
    certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/pdp',
    domainName: 'pdp.example.com',
    transport: 'plain',
  });
  expect(stderr).toMatch(/^loadBalancer\.certificate: not used with transport: 'plain'[^\n]*\n$/);
  expect([status, stdout]).toEqual([1, '']);
});

it('writes one stack, named after its placement, that cdk-nag and CloudFormation rules pass', () => {
  const { status, stderr } = synthesize({ placement: 'embedded' });
  expect([status, stderr.includes('Error')]).toEqual([0, false]);
  const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8'));
  const stacks = Object.entries<{ type: string }>(manifest.artifacts).filter(
    ([, { type }]) => type === 'aws:cloudformation:stack',
  );
  expect(stacks.map(([name]) => name)).toEqual(['EmbeddedNotes']);
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  expect(report.pluginReports).toEqual([]);
});
