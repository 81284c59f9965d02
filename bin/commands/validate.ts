import { Command } from 'commander';
import { EXIT } from '../terminal/exit.ts';
import { count, print, printJson, printProblems, styled } from '../terminal/output.ts';
import { compileSources, sourcesArgument } from '../terminal/source.ts';

/** `pdp validate`: all that is wrong with a bundle. */
export function validateCommand(): Command {
  return new Command('validate')
    .description('check policies, schema and entities, and report every problem with file, line and column')
    .addArgument(sourcesArgument())
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExit status: 0 valid (warnings allowed), 2 not valid.\n')
    .action(async (sources: string[], options: { json?: true }) => {
      const { result } = await compileSources(sources);
      const problems = result.ok ? result.warnings : result.problems;
      process.exitCode = result.ok ? EXIT.ok : EXIT.usage;
      if (options.json) {
        printJson({ valid: result.ok, ...(result.ok ? { revision: result.bundle.revision } : {}), problems });
        return;
      }
      printProblems(problems);
      if (!result.ok) {
        process.stderr.write(
          `${sources.join(' with ')} is not valid: ${count(problems.length, 'problem')}\n`,
        );
        return;
      }
      const { policies, entities, revision } = result.bundle;
      const total = Object.keys(policies.staticPolicies).length + policies.templateLinks.length;
      const parts = [count(total, 'policy', 'policies'), count(entities.length, 'entity', 'entities')];
      print(
        `${styled('green', 'valid')}  ${sources.join(' with ')}: ${parts.join(', ')}, revision ${revision}`,
      );
    });
}
