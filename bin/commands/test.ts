import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type DecisionTest, runDecisionTests } from '../../compiler/index.ts';
import { writeExpectedDecisions } from '../../engine/expected-decisions.ts';
import { InvalidBundleError, type Problem } from '../../engine/index.ts';
import { printResult, resultAsJson } from '../terminal/decision-tests.ts';
import { EXIT, UsageError } from '../terminal/exit.ts';
import { count, print, printJson, styled } from '../terminal/output.ts';
import { compileSources, sourcesArgument } from '../terminal/source.ts';

interface TestOptions {
  export?: string;
  json?: true;
  verbose?: true;
}

/** `pdp test`: a bundle's decision tests. */
export function testCommand(): Command {
  return new Command('test')
    .description("run a bundle's decision tests (tests/*.json)")
    .addArgument(sourcesArgument())
    .option('--verbose', 'print the tests that passed, too')
    .option('--export <file>', 'when all pass, write them with the revision, for a deployment gate')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 all passed, 1 a test failed, 2 the bundle or a test is not valid.\n',
    )
    .action(async (sources: string[], options: TestOptions) => {
      const { result, tests: testsOf } = await compileSources(sources);
      const problems: Problem[] = result.ok ? [] : result.problems;
      const tests = testsOf(problems);
      if (!result.ok || problems.length > 0) throw new InvalidBundleError(problems);
      // A gate then checks the revision alone.
      if (tests.length === 0 && options.export === undefined)
        throw new UsageError(`${sources.join(' with ')}: there are no decision tests in tests/*.json`);
      const results = runDecisionTests(result.bundle, tests);
      const failed = results.filter(({ passed }) => !passed);
      process.exitCode = failed.length === 0 ? EXIT.ok : EXIT.negative;
      if (options.export !== undefined && failed.length === 0) {
        await exportTests(options.export, result.bundle.revision, tests);
      }
      if (options.json) {
        const summary = { passed: results.length - failed.length, failed: failed.length };
        printJson({ revision: result.bundle.revision, ...summary, results: results.map(resultAsJson) });
        return;
      }
      for (const item of options.verbose ? results : failed) printResult(item);
      const passed = count(results.length - failed.length, 'decision test');
      print(
        failed.length === 0
          ? `${styled('green', 'passed')}  ${passed}`
          : `${passed} passed, ${failed.length} failed`,
      );
    });
}

/** @throws UsageError */
async function exportTests(file: string, revision: string, tests: DecisionTest[]): Promise<void> {
  const expected = tests.map(({ file: _file, line: _line, ...test }) => test);
  try {
    await writeFile(file, writeExpectedDecisions({ revision, tests: expected }));
  } catch (error) {
    throw new UsageError(`--export: ${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
