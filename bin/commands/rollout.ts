import { Command } from 'commander';
import { withEcs } from '../ecs/connect.ts';
import { type RolloutResult, rollOut } from '../ecs/rollout.ts';
import { CLOCK } from '../follow/clock.ts';
import { EXIT } from '../terminal/exit.ts';
import { timeoutOption } from '../terminal/options.ts';
import { print, printJson, styled } from '../terminal/output.ts';
import { progressOptions } from '../terminal/progress.ts';
import { type ServiceOptions, withServiceOptions } from '../terminal/service-options.ts';

/** Seconds after which a deployment is no longer followed. */
const DEFAULT_TIMEOUT = 1_800;

const HELP = `
The new tasks are of the task definition that the service has: they read their key and certificate anew. New
policies in the image are a deployment of the stack. Ctrl-C stops following; the deployment goes on.

Needs ecs:DescribeServices and ecs:UpdateService, and for blue/green, linear and canary deployments
ecs:ListServiceDeployments and ecs:DescribeServiceDeployments.

Exit status: 0 completed, 1 failed or not over after --timeout, 2 it could not be begun or followed, 130 Ctrl-C.
`;

/** How a rollout ends the command. */
const EXIT_OF: Record<RolloutResult['outcome'], number> = {
  completed: EXIT.ok,
  failed: EXIT.negative,
  'timed-out': EXIT.negative,
  // As shells tell it: 128 and SIGINT.
  interrupted: 130,
};

/** `pdp rollout`: a new deployment of a PDP's service on ECS, followed to its end. */
export function rolloutCommand(): Command {
  return withServiceOptions(
    new Command('rollout').description(
      'replace the tasks of a PDP on ECS with new ones, and follow the deployment to its end',
    ),
  )
    .addOption(timeoutOption('how long to follow it', DEFAULT_TIMEOUT))
    .addHelpText('after', HELP)
    .action(async (flags: ServiceOptions & { timeout: number }) => {
      const { cluster, service, region, json } = flags;
      const name = { cluster, service };
      const options = progressOptions(flags);
      const result = await withEcs(region, name, (ecs) => rollOut(ecs, name, options, CLOCK));
      process.exitCode = EXIT_OF[result.outcome];
      if (json) printJson({ ...name, ...result });
      else print(lastLine(result));
    });
}

function lastLine({ outcome, reason, seconds }: RolloutResult): string {
  const goesOn = 'the deployment goes on, and pdp status shows how far it is';
  switch (outcome) {
    case 'completed':
      return `${styled('green', 'completed')} after ${seconds} s`;
    case 'failed':
      return `${styled('red', 'failed')} after ${seconds} s${reason === null ? '' : `: ${reason}`}`;
    case 'timed-out':
      return `not over after ${seconds} s; ${goesOn}`;
    case 'interrupted':
      return `no longer followed; ${goesOn}`;
  }
}
