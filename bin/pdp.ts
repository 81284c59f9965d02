#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { InvalidBundleError, PdpError } from '../engine/index.ts';
import { buildCommand } from './commands/build.ts';
import { checkCommand } from './commands/check.ts';
import { diffCommand } from './commands/diff.ts';
import { publishCommand } from './commands/publish.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { rolloutCommand } from './commands/rollout.ts';
import { serveCommand } from './commands/serve.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { validateCommand } from './commands/validate.ts';
import { EXIT, UsageError } from './terminal/exit.ts';
import { printProblems } from './terminal/output.ts';
import { VERSION } from './version.ts';

const program = new Command('pdp')
  .description('A policy decision point: Cedar policies, OpenID AuthZEN')
  .version(VERSION)
  .addCommand(serveCommand())
  .addCommand(checkCommand())
  .addCommand(testCommand())
  .addCommand(validateCommand())
  .addCommand(buildCommand())
  .addCommand(diffCommand())
  .addCommand(publishCommand())
  .addCommand(rollbackCommand())
  .addCommand(statusCommand())
  .addCommand(rolloutCommand());

for (const command of [program, ...program.commands]) {
  command
    .exitOverride()
    .showHelpAfterError(`(pdp ${command === program ? '' : `${command.name()} `}--help says more)`);
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has written its message. Its own errors are about usage; a command's say their own status.
    return error.exitCode === 0 || error.code === 'commander.error' ? error.exitCode : EXIT.usage;
  }
  if (error instanceof InvalidBundleError) {
    printProblems(error.problems);
    return EXIT.usage;
  }
  const known = error instanceof UsageError || error instanceof PdpError;
  const { message, code } = error as NodeJS.ErrnoException;
  process.stderr.write(known ? `pdp: ${message}\n` : `pdp: ${code ?? 'failed'}: ${message}\n`);
  return EXIT.usage;
}
