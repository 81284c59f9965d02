import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { PLACEMENTS, type Placement } from '../../../lib/sample/placements.ts';
import { command } from './command.ts';
import type { Template } from './template.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface SynthesizedStack {
  name: string;
  /** Names of the stacks of the assembly that must be there before this one. */
  dependencies: string[];
  templateFile: string;
  template: Template;
}

/** What `cdk synth` wrote for one placement. */
export interface Assembly {
  placement: Placement;
  directory: string;
  /** In the order of their dependencies. */
  stacks: SynthesizedStack[];
}

let all: Promise<Assembly[]> | undefined;

/** The synthesized templates of every placement, written once for all the tests of a run, as `npm run synth` does. */
export function assemblies(): Promise<Assembly[]> {
  all ??= synthesize();
  return all;
}

/** What was synthesized of a placement with published policies, which is not deployed beside the one without. */
export async function storeAssembly(): Promise<Assembly> {
  await assemblies();
  return read('store', 'serverless');
}

/** @throws Error when there is no such placement */
export async function assembly(placement: Placement): Promise<Assembly> {
  const found = (await assemblies()).find((one) => one.placement === placement);
  if (found === undefined) throw new Error(`no placement ${placement} was synthesized`);
  return found;
}

async function synthesize(): Promise<Assembly[]> {
  await command(process.execPath, ['scripts/synth.ts'], { cwd: root, timeout: 300_000 });
  return PLACEMENTS.map((placement) => read(placement, placement));
}

function read(folder: string, placement: Placement): Assembly {
  const directory = join(root, 'cdk.out', folder);
  const { stacks } = new CloudAssembly(directory);
  const names = new Set(stacks.map(({ stackName }) => stackName));
  return {
    placement,
    directory,
    stacks: stacks.map((stack) => ({
      name: stack.stackName,
      dependencies: stack.dependencies.map(({ id }) => id).filter((id) => names.has(id)),
      templateFile: stack.templateFullPath,
      template: stack.template as Template,
    })),
  };
}
