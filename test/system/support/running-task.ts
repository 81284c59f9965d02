import { randomBytes } from 'node:crypto';
import { certificates } from '../../lambda/certificates.ts';
import type { Assembly, SynthesizedStack } from './assemblies.ts';
import { type CommandResult, command } from './command.ts';
import type { PdpImage } from './pdp-image.ts';
import { inspectProcess } from './process-limits.ts';
import { containersOf, type PodmanContainer, podmanContainer } from './task-definition.ts';
import { ofType } from './template.ts';
import type { Host } from './vpc.ts';

/** The container of the PDP in a task definition of the assembly. */
export interface PdpTask {
  stack: SynthesizedStack;
  /** Of the task definition. */
  logicalId: string;
  container: PodmanContainer;
}

/** The name of the PDP's container in a task. */
const CONTAINER = 'pdp';

/** Values for what a template refers to, by the variable that gets it. */
export interface Secrets {
  /** `PDP_API_KEY` and, for TLS, `PDP_TLS_CERT` and `PDP_TLS_KEY`. */
  values: Record<string, string>;
  /** The certificate authority (PEM) that callers are handed. */
  ca: string;
}

/** Secrets as a deployment makes them. */
export async function makeSecrets(hostname: string): Promise<Secrets> {
  const { ca, server } = await certificates(hostname);
  const values = {
    PDP_API_KEY: randomBytes(24).toString('base64url'),
    PDP_TLS_CERT: server.cert,
    PDP_TLS_KEY: server.key,
  };
  return { values, ca };
}

/** Every PDP that the assembly puts in a task. */
export function pdpTasks(assembly: Pick<Assembly, 'stacks'>, { values }: Secrets): PdpTask[] {
  return assembly.stacks.flatMap((stack) =>
    [...ofType(stack.template, 'AWS::ECS::TaskDefinition')]
      .filter(([, task]) => containersOf(task).some(({ Name }) => Name === CONTAINER))
      .map(([logicalId, task]) => ({
        stack,
        logicalId,
        container: podmanContainer(task, CONTAINER, { values }),
      })),
  );
}

/** Runs the container with the settings of its task, in the network of the host. */
export async function startTask(
  { containers, name: image }: PdpImage,
  { options, command: words, env }: PodmanContainer,
  host: Host,
  name: string,
  defer: (undo: () => unknown) => void,
): Promise<void> {
  defer(() => containers.podman(['rm', '--force', '--time', '1', '--ignore', name]));
  const network = ['--network', `ns:/run/netns/${host.namespace}`];
  const allowed = [...(await withinLimits(options)), ...PROCESSES];
  const run = ['run', '--detach', '--name', name, ...network, ...allowed, image, ...words];
  await containers.podman(run, { env });
}

/** With any `--ulimit` podman forgets the limits of its configuration, and its own are above what some machines allow. */
const PROCESSES = ['--ulimit', 'nproc=1024:1024'];

/** A machine whose root may not raise limits, such as one in a container, starts nothing above its own. */
async function withinLimits(options: string[]): Promise<string[]> {
  const { openFiles: most } = await inspectProcess(process.pid);
  return options.map((option) =>
    option.replace(
      /^nofile=(\d+):(\d+)$/,
      (_, soft, hard) => `nofile=${least(soft, most)}:${least(hard, most)}`,
    ),
  );
}

function least(asked: string, most: number): number {
  return Math.min(Number(asked), most);
}

/** Runs a Node program in the network of a host. */
export function nodeOn(
  host: Host,
  args: string[],
  env: Record<string, string>,
  exitCodes = [0],
): Promise<CommandResult> {
  return command('ip', ['netns', 'exec', host.namespace, process.execPath, ...args], { env, exitCodes });
}
