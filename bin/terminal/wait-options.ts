import { type Command, Option } from 'commander';
import { withEcs } from '../ecs/connect.ts';
import { CLOCK } from '../follow/clock.ts';
import { type FollowResult, follow, type Targets, type Wanted } from '../follow/follow.ts';
import { pemOf } from '../store/keys.ts';
import { EXIT, UsageError } from './exit.ts';
import { timeoutOption } from './options.ts';
import { print, styled } from './output.ts';
import { progressOptions } from './progress.ts';

/** Seconds after which PDPs are no longer followed. */
const DEFAULT_TIMEOUT = 300;

export interface WaitFlags {
  wait?: string[];
  cluster?: string;
  service?: string;
  ca?: string;
  region?: string;
  timeout: number;
  json?: true;
}

export const WAIT_HELP = `
--wait URL asks the PDP at each address that the URL's name has; behind a load balancer that is one answer for all,
so give --cluster and --service there. These ask each task at its private address, as functions ask the service:
  PDP_API_KEY  the key; without it PDPs tell their revision, but not what is wrong with what they were offered
  PDP_URL      with --cluster: https://… for TLS; its host is the name in the tasks' certificates
Both work from where PDPs can be reached. Ctrl-C stops following; what is published stays.
`;

/** The options of commands that follow what they have published. */
export function withWaitOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--wait <url>',
        'follow until the PDP at this base URL runs it; may be given again',
      ).argParser((url: string, urls: string[] = []) => [...urls, url]),
    )
    .option('--cluster <name>', 'or until each task of a service on ECS does: name or ARN of the cluster')
    .option('--service <name>', 'name or ARN of that service')
    .addOption(
      new Option('--ca <file>', "authority of the PDPs' certificates, in PEM: a file or its text").env(
        'PDP_CA',
      ),
    )
    .addOption(timeoutOption('how long to follow', DEFAULT_TIMEOUT));
}

/** Follows what has been published; resolves with how that ended. */
export type Follower = (wanted: Wanted) => Promise<FollowResult>;

/**
 * Reads what is to be followed, before anything is published.
 *
 * @returns undefined when nothing is
 * @throws UsageError
 */
export async function openFollower(flags: WaitFlags): Promise<Follower | undefined> {
  const { wait: urls = [], cluster, service, region } = flags;
  if ((cluster === undefined) !== (service === undefined)) {
    throw new UsageError(
      `${cluster === undefined ? '--cluster' : '--service'} is missing: a service needs both`,
    );
  }
  if (urls.length === 0 && cluster === undefined) return undefined;
  const { urlTargets, taskTargets } = await import('../follow/targets.ts');
  const { taskAccess } = await import('../ecs/ask-task.ts');
  const ca = flags.ca ? await pemOf(flags.ca, '--ca') : undefined;
  const atUrls = urlTargets(urls, { key: process.env.PDP_API_KEY || undefined, ca });
  if (cluster === undefined || service === undefined) return (wanted) => followWith(atUrls, wanted, flags);
  const name = { cluster, service };
  const access = taskAccess({ ...process.env, PDP_CA: ca }, '--cluster');
  return (wanted) =>
    withEcs(region, name, (ecs) => {
      const tasks = taskTargets(ecs, name, access);
      const all: Targets = async () => (await Promise.all([tasks(), atUrls()])).flat();
      return followWith(all, wanted, flags);
    });
}

function followWith(targets: Targets, wanted: Wanted, flags: WaitFlags): Promise<FollowResult> {
  return follow(targets, wanted, progressOptions(flags), CLOCK);
}

/** How following ends a command. */
export const EXIT_OF_FOLLOWING: Record<FollowResult['outcome'], number> = {
  reached: EXIT.ok,
  superseded: EXIT.negative,
  'timed-out': EXIT.negative,
  // As shells tell it: 128 and SIGINT.
  interrupted: 130,
};

/** Prints how it ended, and which PDPs are not there and why. */
export function printFollowed({ outcome, seconds, pdps }: FollowResult, { revision }: Wanted): void {
  const number = pdps.length === 1 ? 'the PDP runs' : `all ${pdps.length} PDPs run`;
  switch (outcome) {
    case 'reached':
      print(`${styled('green', 'active')}  ${number} revision ${revision} after ${seconds} s`);
      return;
    case 'superseded':
      print(`${styled('yellow', 'superseded')}  a later publication runs`);
      break;
    case 'timed-out':
      print(`${styled('red', 'not active')}  after ${seconds} s not every PDP runs revision ${revision}`);
      break;
    case 'interrupted':
      print(`no longer followed; revision ${revision} is published`);
      break;
  }
  for (const { pdp, state, reason } of pdps) {
    if (state === 'reached') continue;
    const hint = state === 'unreachable' ? ': is this run from a network that reaches it?' : '';
    print(`            ${pdp}: ${reason}${hint}`);
  }
  if (pdps.length === 0) print('            there is no PDP to ask: no task runs');
}
