import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ServiceName } from '../ecs/connect.ts';

export interface ServiceOptions extends ServiceName {
  region?: string;
  json?: true;
}

/** The options of commands that work with a service on ECS. */
export function withServiceOptions(command: Command): Command {
  return command
    .addOption(named('--cluster <name>', 'name or ARN of the ECS cluster').makeOptionMandatory())
    .addOption(named('--service <name>', 'name or ARN of the service').makeOptionMandatory())
    .addOption(named('--region <region>', 'AWS region (default: that of AWS_REGION or of the profile)'))
    .option('--json', 'print the result as JSON');
}

function named(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value) => {
    if (value === '') throw new InvalidArgumentError('It must not be empty.');
    return value;
  });
}
