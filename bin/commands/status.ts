import { Command } from 'commander';
import { withEcs } from '../ecs/connect.ts';
import { EXIT } from '../terminal/exit.ts';
import { printJson } from '../terminal/output.ts';
import { type ServiceOptions, withServiceOptions } from '../terminal/service-options.ts';
import { printStatus } from '../terminal/service-status.ts';

const HELP = `
--ask works from inside the tasks' network, and asks as functions ask the service:
  PDP_URL      https://… for TLS; its host is the name in the tasks' certificates. Without it, HTTP
  PDP_CA       the authority (PEM text) of these certificates
  PDP_API_KEY  the key; the tasks tell their revision without it

Needs ecs:DescribeServices, ecs:ListTasks, ecs:DescribeTasks, ecs:DescribeTaskDefinition,
ecs:ListServiceDeployments and ecs:DescribeServiceDeployments.

Exit status: 0 healthy, 1 not healthy, 2 there is no such service or AWS cannot be asked.
`;

/** `pdp status`: a PDP's service on ECS, its deployments and its tasks. */
export function statusCommand(): Command {
  return withServiceOptions(
    new Command('status').description(
      'show the state of a PDP on ECS: its service, deployments, tasks, and the revision that each runs',
    ),
  )
    .option('--ask', "ask each running task's /health at its private address, too")
    .addHelpText('after', HELP)
    .action(async ({ cluster, service, region, ask, json }: ServiceOptions & { ask?: true }) => {
      // Node's HTTP modules are for this command alone: the others start without them.
      const { readStatus } = await import('../ecs/status.ts');
      const { taskAccess } = await import('../ecs/ask-task.ts');
      const name = { cluster, service };
      const access = ask ? taskAccess(process.env) : undefined;
      const status = await withEcs(region, name, (ecs) => readStatus(ecs, name, access));
      const healthy = status.problems.length === 0;
      process.exitCode = healthy ? EXIT.ok : EXIT.negative;
      if (json) printJson({ healthy, ...status });
      else printStatus(status);
    });
}
