import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll } from 'vitest';
import { PdpImage } from '../../lib/pdp-image.ts';

const FEATURE_FLAGS: Record<string, unknown> = JSON.parse(readFileSync('cdk.json', 'utf8')).context;

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pdp-lib-test-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An app with the feature flags of `cdk.json`, and what `-c` would set. */
export function newApp(outdir: string, context: Record<string, string> = {}): App {
  return new App({ outdir, context: { ...FEATURE_FLAGS, ...context } });
}

/** A build context that synthesizes; nothing builds it. */
export function imageContext(directory: string): string {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  return directory;
}

/** An image that is there already: nothing is built for a test that is about something else. */
export const builtImage = { image: PdpImage.fromRegistry('example.com/pdp') };

/** A file that calls itself a built bundle and is none. */
export function brokenBundle(directory: string): string {
  const file = join(directory, 'built.tar.gz');
  writeFileSync(file, 'a bundle');
  return file;
}

/** A stack with a VPC that has isolated subnets only. */
export function isolatedStack(outdir: string): { stack: Stack; vpc: Vpc } {
  const stack = new Stack(newApp(outdir), 'Test');
  const subnetConfiguration = [{ name: 'In', subnetType: SubnetType.PRIVATE_ISOLATED }];
  return { stack, vpc: new Vpc(stack, 'Vpc', { natGateways: 0, subnetConfiguration }) };
}

/** A function that needs no bundling. */
export function inlineFunction(stack: Stack, id: string, vpc?: IVpc): LambdaFunction {
  return new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {};'),
    ...(vpc === undefined ? {} : { vpc, allowAllOutbound: false }),
  });
}
