import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { assemblies, storeAssembly } from './support/assemblies.ts';
import { command } from './support/command.ts';
import { pythonProgram } from './support/python.ts';

export const title = 'cfn-lint: neither errors nor warnings in the templates of any placement';

/** Checks that are not made, and why. */
const IGNORED = {
  W3005:
    'dependsOn that a reference makes needless: CDK writes dependencies of whole constructs, which is harmless',
};

/** Findings that are wrong, and why. */
const MISTAKEN: { id: string; type: string; message: RegExp; reason: string }[] = [
  {
    id: 'E3002',
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    message: /'Tags' was unexpected/,
    reason: "CloudFormation has had the property since after the linter's copy of its schema; CDK's is newer",
  },
];

/** The parts of a finding that are read. */
interface Finding {
  Filename: string;
  Rule: { Id: string };
  Message: string;
  Location: { Path: (string | number)[] | null };
}

export const prepare = () => Promise.all([assemblies(), pythonProgram('cfn-lint')]);

export async function run(): Promise<void> {
  const stacks = [...(await assemblies()), await storeAssembly()].flatMap((assembly) => assembly.stacks);
  const options = ['--format', 'json', '--ignore-checks', ...Object.keys(IGNORED)];
  const files = stacks.map(({ templateFile }) => templateFile);
  // One status for each severity, and their sums.
  const exitCodes = Array.from({ length: 16 }, (_, code) => code);
  const { stdout } = await command(await pythonProgram('cfn-lint'), [...options, '--', ...files], {
    exitCodes,
  });
  const findings = (JSON.parse(stdout) as Finding[]).filter(({ Filename, Rule, Message, Location }) => {
    const template = stacks.find(({ templateFile }) => templateFile === Filename)?.template;
    const type = template?.Resources[String(Location.Path?.[1])]?.Type;
    return !MISTAKEN.some(
      (known) => known.id === Rule.Id && known.type === type && known.message.test(Message),
    );
  });
  const lines = findings.map(({ Filename, Rule, Message, Location }) => {
    return `${Rule.Id} ${relative('.', Filename)} ${(Location.Path ?? []).join('.')}: ${Message}`;
  });
  assert.deepEqual(lines, []);
  console.log(`        ${files.length} templates`);
}
