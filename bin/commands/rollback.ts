import { Command, Option } from 'commander';
import { compileFiles } from '../../compiler/index.ts';
import { InvalidBundleError } from '../../engine/index.ts';
import { parseVerificationKeys } from '../../engine/signature.ts';
import { nameOf, parseTarget, type StoreAddress } from '../store/address.ts';
import { findEarlier, type HistoryEntry, readEntry, readHistory } from '../store/history.ts';
import {
  openSigner,
  openVerificationKeys,
  type SigningFlags,
  signKeyOption,
  type VerifyingFlags,
  verifyKeyOption,
} from '../store/keys.ts';
import { type Content, orderOf, publishNext, readToReplace } from '../store/publish.ts';
import { NotBelieved, type Published, readPublished } from '../store/published.ts';
import { type Store, withStore } from '../store/store.ts';
import { UsageError } from '../terminal/exit.ts';
import { wholeNumber } from '../terminal/options.ts';
import { print, printJson, printProblems, styled } from '../terminal/output.ts';
import { endWith, PERMISSIONS_HELP, REGION_OPTION, warn } from '../terminal/publication.ts';
import { openFollower, WAIT_HELP, type WaitFlags, withWaitOptions } from '../terminal/wait-options.ts';

interface RollbackFlags extends WaitFlags, SigningFlags, VerifyingFlags {
  to?: string;
  list?: true;
  limit: number;
  dryRun?: true;
}

const HELP = `
PDPs never go back by themselves: what was published before is published anew, under the next sequence. So a second
rollback undoes the first. The bucket must keep versions. What comes back must be whole, signed for --verify-key or else
by --sign-key where one is set, and compile with this version; its decision tests are not run.
${WAIT_HELP}
${PERMISSIONS_HELP}
And s3:ListBucketVersions on the bucket and s3:GetObjectVersion on the object, to find what was published.

Exit status: 0 published, or there already, and active where that was waited for; 1 somebody else published meanwhile,
or PDPs do not run it; 2 there is nothing to go back to, or S3 or KMS refused; 130 Ctrl-C.
`;

/** `pdp rollback`: what was published before, anew. */
export function rollbackCommand(): Command {
  return withWaitOptions(
    new Command('rollback')
      .description('publish an earlier revision from S3 again, as the next one of its PDPs')
      .argument('<TARGET>', 'where PDPs get it, such as s3://bucket/bundle.tar.gz')
      .addOption(new Option('--to <revision>', 'the revision to go back to (default: the one before)'))
      .addOption(new Option('--list', 'show what was published, the newest first, and publish nothing'))
      .addOption(
        new Option('--limit <number>', 'most that --list shows')
          .default(20)
          .argParser(wholeNumber(1, 10_000)),
      )
      .addOption(signKeyOption())
      .addOption(verifyKeyOption())
      .addOption(new Option('--dry-run', 'do all of it but the upload')),
  )
    .addOption(REGION_OPTION)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (target: string, flags: RollbackFlags) => {
      const address = parseTarget(target);
      if (flags.list) return list(address, flags);
      const follower = await openFollower(flags);
      const signer = await openSigner(flags.signKey);
      const keys = await openVerificationKeys(flags.verifyKey);
      const { publication, from } = await withStore(flags.region, address, async (store) => {
        const current = await readToReplace(store, keys);
        // Nothing gets our signature for having been in the bucket, which others may write to.
        const own = signer && (await parseVerificationKeys(signer.publicKey));
        const { entry, published } = await earlier(store, current, flags.to, keys ?? own).catch((error) => {
          throw keys === undefined && error instanceof NotBelieved ? notByUs() : error;
        });
        const content = await contentOf(published);
        const options = { signer, keys, dryRun: flags.dryRun, onWarning: warn };
        return { publication: await publishNext(store, content, current, options), from: entry };
      });
      if (!flags.json && from !== undefined) print(`going back to ${describe(from)}`);
      await endWith(publication, address, { from: from ?? null }, follower, flags.json);
    });
}

/** What is to be there again; no entry when it is there already. */
async function earlier(
  store: Store,
  current: Published | undefined,
  to: string | undefined,
  keys: Parameters<typeof readEntry>[2],
): Promise<{ entry?: HistoryEntry; published: Published }> {
  if (current !== undefined && to !== undefined && orderOf(current).revision === to)
    return { published: keys === undefined ? current : await readPublished(current.stored, keys) };
  const entry = await findEarlier(store, current, to);
  return { entry, published: await readEntry(store, entry, keys) };
}

function notByUs(): UsageError {
  return new UsageError(
    'what would come back is not signed by the key of --sign-key, which would then sign it: name the keys that it is ' +
      'signed for by --verify-key, or publish it from where it is kept',
  );
}

/** @throws InvalidBundleError when this version does not take it */
async function contentOf({ files, manifest }: Published): Promise<Content> {
  const result = await compileFiles(files, manifest?.revision);
  if (!result.ok) throw new InvalidBundleError(result.problems);
  printProblems(result.warnings);
  const { builtFrom } = manifest ?? {};
  return { bundle: result.bundle, files, ...(builtFrom === undefined ? {} : { builtFrom }) };
}

async function list(address: StoreAddress, { region, limit, json }: RollbackFlags): Promise<void> {
  const entries = await withStore(region, address, (store) => readHistory(store, limit));
  if (json) return printJson({ target: nameOf(address), publications: entries });
  for (const entry of entries) {
    const order = String(entry.sequence ?? '-').padStart(6);
    const revision = (entry.revision ?? 'unknown').padEnd(16);
    const now = entry.isLatest ? `  ${styled('green', 'now')}` : '';
    print(`${order}  ${revision}  ${timeOf(entry)}  ${entry.versionId}${now}`);
  }
  if (entries.length === 0) print(`nothing was published to ${nameOf(address)}`);
}

function describe(entry: HistoryEntry): string {
  const { revision, sequence, versionId } = entry;
  const number = sequence === null ? '' : ` (sequence ${sequence})`;
  return `revision ${revision ?? 'unknown'}${number}, published ${timeOf(entry)} as version ${versionId}`;
}

function timeOf({ publishedAt }: HistoryEntry): string {
  return publishedAt.toISOString().replace(/\.\d+Z$/, 'Z');
}
