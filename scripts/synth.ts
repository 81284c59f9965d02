import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXAMPLE_CONTEXT, PLACEMENTS, STORE_EXAMPLE } from '../lib/sample/placements.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');

/** What the tool may not do: ask for credentials, look for notices, report usage. */
const OFFLINE = {
  AWS_EC2_METADATA_DISABLED: 'true',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  // `cdk.json` starts the app with `node`: the one that runs this, not an older one of the machine.
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
};

/** What is synthesized, by the folder in `cdk.out/`: each placement, and one of them with published policies. */
const EXAMPLES = Object.entries({
  ...Object.fromEntries(
    PLACEMENTS.map((placement) => [placement, { placement, ...EXAMPLE_CONTEXT[placement] }]),
  ),
  store: STORE_EXAMPLE,
});

/**
 * Writes the CloudFormation templates of an example to `cdk.out/`, with neither AWS credentials nor Docker.
 * The tool writes the image's build context first: `build` in `cdk.json`.
 * Arguments are passed on: `npm run synth -- -c issuer=https://… -c audience=…`.
 */
function synthesize(
  folder: string,
  example: Readonly<Record<string, string>>,
  passedOn: string[],
  isFirst: boolean,
): boolean {
  const output = join('cdk.out', folder);
  const context = Object.entries(example).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
  // What is packed is the same for all: `build` of `cdk.json` runs once.
  const build = isFirst ? [] : ['--build', 'node --eval 0'];
  const options = [...context, ...build, '--output', output, '--quiet', '--no-notices'];
  const { status } = spawnSync(process.execPath, [cdk, 'synth', ...options, ...passedOn], {
    cwd: root,
    env: { ...process.env, ...OFFLINE },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) return false;
  for (const name of readdirSync(join(root, output))) {
    if (name.endsWith('.template.json')) console.log(`wrote ${join(output, name)}`);
  }
  return true;
}

const passedOn = process.argv.slice(2);
if (!EXAMPLES.every(([folder, example], index) => synthesize(folder, example, passedOn, index === 0)))
  process.exitCode = 1;
