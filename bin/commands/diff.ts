import { Command } from 'commander';
import type { Changes } from '../diff/canonical.ts';
import { type BundleDiff, diffBundles, type Side } from '../diff/diff.ts';
import { printDiff } from '../diff/print.ts';
import { EXIT, UsageError } from '../terminal/exit.ts';
import { print, printJson, printProblems } from '../terminal/output.ts';
import { compileSource } from '../terminal/source.ts';
import { sourceTokens } from '../terminal/source-tokens.ts';

/** Most uids of each kind of change in the JSON; the numbers are of all. */
const MAX_UIDS = 1_000;

const HELP = `
Each is a directory, a .tar.gz, or the address of one: s3://bucket/key (with ?versionId=… one version of it),
https://…, git+https://…#branch:path. PDP_SOURCE_TOKEN is the token of the one that takes one; where both do,
PDP_SOURCE_TOKEN_1 and PDP_SOURCE_TOKEN_2 are.

Both are asked what the decision tests of either ask. What the tests expect makes no difference here.

Exit status: 0 no difference, 1 differences, 2 one of them is not valid or cannot be read.
`;

/** `pdp diff`: what two bundles differ in, and what they decide otherwise. */
export function diffCommand(): Command {
  return new Command('diff')
    .description('show what two bundles differ in: policies, schema, data, and the decisions of their tests')
    .argument('<OLD>', 'directory, .tar.gz or address of a bundle')
    .argument('<NEW>', 'and of the one to compare with it')
    .option('--json', 'print the differences as JSON')
    .addHelpText('after', HELP)
    .action(async (old: string, now: string, options: { json?: true }) => {
      const [oldToken, nowToken] = sourceTokens([old, now], process.env);
      const [before, after] = [await read(old, oldToken), await read(now, nowToken)];
      const diff = diffBundles(before, after);
      process.exitCode = diff.isDifferent ? EXIT.negative : EXIT.ok;
      const revisions = { old: before.bundle.revision, new: after.bundle.revision };
      if (options.json) {
        printJson(asJson(diff, { old, new: now }, revisions));
        return;
      }
      print(`old        ${old}: revision ${revisions.old}`);
      print(`new        ${now}: revision ${revisions.new}`);
      printDiff(diff);
    });
}

async function read(source: string, token: string | undefined): Promise<Side> {
  const { result, files } = await compileSource(source, token ?? '');
  if (result.ok) return { bundle: result.bundle, files };
  printProblems(result.problems);
  throw new UsageError(`${source} is not valid`);
}

function asJson(diff: BundleDiff, sources: Names, revisions: Names): object {
  const { isDifferent, policies, schema, entities, urlRules, decisions } = diff;
  const side = (name: keyof Names) => ({ source: sources[name], revision: revisions[name] });
  return {
    different: isDifferent,
    old: side('old'),
    new: side('new'),
    policies: policies.map(({ isOnlyText, ...policy }) => ({
      ...policy,
      ...(isOnlyText && { onlyText: true }),
    })),
    schema,
    entities: {
      counts: {
        added: entities.added.length,
        removed: entities.removed.length,
        changed: entities.changed.length,
      },
      ...firstOf(entities),
    },
    urlRules: { added: urlRules.added, removed: urlRules.removed, reordered: urlRules.isReordered },
    decisions: {
      asked: decisions.asked,
      changes: decisions.changes.map(({ isOnlyReason, ...change }) => ({
        ...change,
        ...(isOnlyReason && { onlyReason: true }),
      })),
    },
  };
}

interface Names {
  old: string;
  new: string;
}

function firstOf({ added, removed, changed }: Changes): Changes {
  const first = (uids: string[]) => uids.slice(0, MAX_UIDS);
  return { added: first(added), removed: first(removed), changed: first(changed) };
}
