import { Command, Option } from 'commander';
import { type DecisionTestResult, parseDecisionTests, runDecisionTests } from '../../compiler/index.ts';
import { InvalidBundleError, type Problem } from '../../engine/index.ts';
import { nameOf, parseTarget } from '../store/address.ts';
import {
  openSigner,
  openVerificationKeys,
  type SigningFlags,
  signKeyOption,
  type VerifyingFlags,
  verifyKeyOption,
} from '../store/keys.ts';
import { type Content, publishNext, readCurrent } from '../store/publish.ts';
import { withStore } from '../store/store.ts';
import { printResult, resultAsJson } from '../terminal/decision-tests.ts';
import { EXIT } from '../terminal/exit.ts';
import { count, print, printJson, printProblems, styled } from '../terminal/output.ts';
import { endWith, PERMISSIONS_HELP, REGION_OPTION, warn } from '../terminal/publication.ts';
import { compileSource } from '../terminal/source.ts';
import { openFollower, WAIT_HELP, type WaitFlags, withWaitOptions } from '../terminal/wait-options.ts';

interface PublishFlags extends WaitFlags, SigningFlags, VerifyingFlags {
  dryRun?: true;
}

const HELP = `
Nothing is published when the bundle is not valid or a decision test fails, on the kit's evaluator or on Cedar's own.
What is there already is not published again. Of two who publish at once, one is told to run again.
${WAIT_HELP}
${PERMISSIONS_HELP}

Exit status: 0 published, or there already, and active where that was waited for; 1 a test failed, somebody else
published meanwhile, or PDPs do not run it; 2 not valid, or S3 or KMS refused; 130 Ctrl-C.
`;

/** `pdp publish`: a bundle to where PDPs get it. */
export function publishCommand(): Command {
  return withWaitOptions(
    new Command('publish')
      .description('check and test a bundle, and publish it to S3 as the next revision of its PDPs')
      .argument('<SOURCE>', 'directory, .tar.gz or address of the bundle')
      .argument('<TARGET>', 'where PDPs get it, such as s3://bucket/bundle.tar.gz')
      .addOption(signKeyOption())
      .addOption(verifyKeyOption())
      .addOption(new Option('--dry-run', 'do all of it but the upload')),
  )
    .addOption(REGION_OPTION)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (source: string, target: string, flags: PublishFlags) => {
      const address = parseTarget(target);
      const follower = await openFollower(flags);
      const signer = await openSigner(flags.signKey);
      const keys = await openVerificationKeys(flags.verifyKey);
      const { content, results } = await testedContent(source);
      const failed = results.filter(({ passed }) => !passed);
      const tests = { passed: results.length - failed.length, failed: failed.length };
      if (!flags.json) printTests(results, failed);
      if (failed.length > 0) {
        process.exitCode = EXIT.negative;
        const { revision } = content.bundle;
        if (flags.json)
          printJson({ outcome: 'failed-tests', revision, tests, results: failed.map(resultAsJson) });
        else print(`nothing is published to ${nameOf(address)}`);
        return;
      }
      const publication = await withStore(flags.region, address, async (store) => {
        const current = await readCurrent(store, keys);
        return publishNext(store, content, current, { signer, keys, dryRun: flags.dryRun, onWarning: warn });
      });
      await endWith(publication, address, { tests }, follower, flags.json);
    });
}

/** @throws InvalidBundleError */
async function testedContent(source: string): Promise<{ content: Content; results: DecisionTestResult[] }> {
  const { result, files } = await compileSource(source);
  const problems: Problem[] = result.ok ? [] : [...result.problems];
  const tests = parseDecisionTests(files, problems);
  if (!result.ok || problems.length > 0) throw new InvalidBundleError(problems);
  printProblems(result.warnings);
  return { content: { bundle: result.bundle, files }, results: runDecisionTests(result.bundle, tests) };
}

function printTests(results: DecisionTestResult[], failed: DecisionTestResult[]): void {
  for (const result of failed) printResult(result);
  if (results.length === 0)
    print(`${styled('yellow', 'untested')}  there are no decision tests in tests/*.json`);
  else if (failed.length > 0)
    print(`${results.length - failed.length} of ${count(results.length, 'decision test')} passed`);
  else print(`${styled('green', 'passed')}  ${count(results.length, 'decision test')} on both evaluators`);
}
