import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll } from 'vitest';

const FEATURE_FLAGS: Record<string, unknown> = JSON.parse(readFileSync('cdk.json', 'utf8')).context;

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pdp-lib-test-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An app with the feature flags of `cdk.json`. */
export function newApp(outdir: string): App {
  return new App({ outdir, context: FEATURE_FLAGS });
}

/** A build context that synthesizes; nothing builds it. */
export function imageContext(directory: string): string {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  return directory;
}

/** A file that passes for a built bundle where nothing opens it. */
export function builtBundle(directory: string): string {
  const file = join(directory, 'built.tar.gz');
  // As a strict umask makes it: what is deployed must be readable all the same.
  writeFileSync(file, 'a bundle', { mode: 0o600 });
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
