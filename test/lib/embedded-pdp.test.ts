import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedPdp } from '../../lib/embedded-pdp.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { brokenBundle, inlineFunction, newApp, temporaryDirectory } from './support.ts';
import { only, resources, roleStatements } from './template.ts';

const outdir = temporaryDirectory();
const policies = 'pdp-container/policies';
const BUNDLE = [
  'built/entities.json',
  'built/policies.json',
  'built/schema.json',
  'built/urls.json',
  'manifest.json',
];

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .sort();
}

function layerDirectory(template: Template): string {
  const { S3Key } = only(template, 'AWS::Lambda::LayerVersion').Content as { S3Key: string };
  return join(outdir, `asset.${S3Key.replace('.zip', '')}`);
}

describe('the PDP in the function', () => {
  const stack = new Stack(newApp(outdir), 'Test');
  const pdp = new EmbeddedPdp(stack, 'Pdp', { policies });
  for (const id of ['First', 'Second']) pdp.grantEvaluate(inlineFunction(stack, id));
  inlineFunction(stack, 'Stranger');
  const template = Template.fromStack(stack);

  it('is a layer with the bundle, readable by anyone', () => {
    const folder = join(layerDirectory(template), 'pdp');
    expect(filesIn(folder)).toEqual(BUNDLE);
    for (const file of BUNDLE) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o644);
    expect(statSync(join(folder, 'built')).mode & 0o777).toBe(0o755);
    expect(only(template, 'AWS::Lambda::LayerVersion')).toMatchObject({
      CompatibleArchitectures: ['arm64', 'x86_64'],
      CompatibleRuntimes: ['nodejs22.x', 'nodejs24.x'],
    });
  });

  it('is added to the functions that may ask, and to no other', () => {
    const functions = resources(template, 'AWS::Lambda::Function');
    for (const name of ['First', 'Second']) {
      expect(functions[name]).toMatchObject({
        Layers: [{ Ref: expect.stringMatching(/^PdpLayer/) }],
        Environment: { Variables: { PDP_BUNDLE: '/opt/pdp' } },
      });
    }
    expect(functions.Stranger).not.toHaveProperty('Layers');
    expect(functions.Stranger).not.toHaveProperty('Environment');
  });

  it('takes no permission, and nothing listens', () => {
    expect(roleStatements(template).filter((line) => line.includes(': Allow'))).toEqual([]);
    expect([pdp.endpoint, pdp.connections]).toEqual([undefined, undefined]);
  });

  it('refuses a runtime that it does not run on', () => {
    const python = new LambdaFunction(stack, 'Python', {
      runtime: Runtime.PYTHON_3_13,
      handler: 'index.handler',
      code: Code.fromInline('pass'),
    });
    expect(() => pdp.grantEvaluate(python)).toThrow(
      new SynthesisError(
        'Test/Python: the embedded PDP runs on nodejs22.x and nodejs24.x, not on python3.13',
      ),
    );
  });
});

describe('building the policies at synth', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('makes the same layer of the same policies', () => {
    const [first, second] = ['One', 'Two'].map((id) => {
      const stack = new Stack(newApp(outdir), id);
      new EmbeddedPdp(stack, 'Pdp', { policies: 'pdp-container/policies' });
      return layerDirectory(Template.fromStack(stack));
    });
    expect(first).toBe(second);
    expect(filesIn(join(first ?? '', 'pdp'))).toEqual(BUNDLE);
  });

  it('makes the same layer whatever options for the command there are around', () => {
    vi.stubEnv('PDP_SIGN_KEY', 'no such file');
    vi.stubEnv('PDP_SOURCE', 'https://example.com/bundle.tar.gz');
    const stack = new Stack(newApp(outdir), 'Around');
    new EmbeddedPdp(stack, 'Pdp', { policies });
    expect(filesIn(join(layerDirectory(Template.fromStack(stack)), 'pdp'))).toEqual(BUNDLE);
  });

  it('makes the same layer of a bundle that was built', () => {
    const archive = join(temporaryDirectory(), 'built.tar.gz');
    execFileSync(process.execPath, ['bin/pdp.ts', 'build', policies, '--output', archive]);
    const layers = [policies, archive].map((source, index) => {
      const stack = new Stack(newApp(outdir), `Source${index}`);
      new EmbeddedPdp(stack, 'Pdp', { policies: source });
      return layerDirectory(Template.fromStack(stack));
    });
    expect(layers[1]).toBe(layers[0]);
  });

  it('refuses a bundle that was changed after it was built', () => {
    const archive = brokenBundle(temporaryDirectory());
    const make = () => new EmbeddedPdp(new Stack(), 'Pdp', { policies: archive });
    expect(make).toThrow(/^policies: .*built\.tar\.gz cannot be built\n.*is not a whole \.tar\.gz/s);
  });

  it('fails with every problem and where it is', () => {
    const broken = temporaryDirectory();
    writeFileSync(join(broken, 'one.cedar'), 'permit (principal, action, resource)');
    writeFileSync(join(broken, 'two.cedar'), '\nforbid (principal, action, thing);');
    const make = () => new EmbeddedPdp(new Stack(), 'Pdp', { policies: broken });
    expect(make).toThrow(SynthesisError);
    expect(make).toThrow(/^policies: .* cannot be built\n/);
    expect(make).toThrow(/^one\.cedar:1:\d+: /m);
    expect(make).toThrow(/^two\.cedar:2:\d+: /m);
  });
});
