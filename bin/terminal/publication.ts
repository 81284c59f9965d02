import { Option } from 'commander';
import { nameOf, type StoreAddress } from '../store/address.ts';
import type { Publication } from '../store/publish.ts';
import { EXIT } from './exit.ts';
import { print, printJson, styled } from './output.ts';
import { EXIT_OF_FOLLOWING, type Follower, printFollowed } from './wait-options.ts';

export const REGION_OPTION = new Option(
  '--region <region>',
  'AWS region (default: that of AWS_REGION or of the profile)',
);

export const PERMISSIONS_HELP = `Needs s3:GetObject and s3:PutObject on the object, s3:ListBucket on the bucket (without it S3 does not tell that nothing
is there yet), s3:ListBucketVersions and s3:GetObjectVersion to go on counting after the object was deleted, or put there
without a number; for a bucket encrypted with a key of yours kms:GenerateDataKey and kms:Decrypt on that; to sign with
KMS kms:GetPublicKey and kms:Sign; with --cluster ecs:ListTasks, ecs:DescribeTasks and ecs:DescribeTaskDefinition.`;

/** What is no error and should be known, beside the result. */
export function warn(message: string): void {
  process.stderr.write(`pdp: warning: ${message}\n`);
}

/** Tells what became of a publication, follows it when that is wanted, and sets the exit status. */
export async function endWith(
  publication: Publication,
  address: StoreAddress,
  more: object,
  follower: Follower | undefined,
  json: true | undefined,
): Promise<void> {
  const { outcome, revision, sequence } = publication;
  process.exitCode = outcome === 'overtaken' ? EXIT.negative : EXIT.ok;
  if (!json) print(lineOf(publication, nameOf(address)));
  const isThere = outcome === 'published' || outcome === 'unchanged';
  const wanted = { revision, sequence };
  const told = (error: unknown) => {
    // It is published all the same, which machines are to know.
    if (json) printJson({ target: nameOf(address), ...publication, ...more });
    throw error;
  };
  const followed = follower !== undefined && isThere ? await follower(wanted).catch(told) : undefined;
  if (followed !== undefined) process.exitCode = EXIT_OF_FOLLOWING[followed.outcome];
  if (json) {
    printJson({ target: nameOf(address), ...publication, ...more, ...(followed ? { wait: followed } : {}) });
  } else if (followed !== undefined) {
    printFollowed(followed, wanted);
  }
}

function lineOf({ outcome, ...publication }: Publication, target: string): string {
  const { revision, sequence, versionId, bytes, signed, overtakenBy } = publication;
  const parts = [
    `revision ${revision}`,
    sequence === null ? 'no sequence' : `sequence ${sequence}`,
    ...(versionId === null ? [] : [`version ${versionId}`]),
    `${bytes} bytes`,
    ...(signed === null ? [] : [`signed (${signed})`]),
  ].join(', ');
  switch (outcome) {
    case 'published':
      return `${styled('green', 'published')}  ${target}: ${parts}`;
    case 'unchanged':
      return `${styled('green', 'unchanged')}  ${target} has it already: ${parts}`;
    case 'would-publish':
      return `would publish  ${target}: ${parts}`;
    case 'overtaken': {
      const { revision: theirs, sequence: number } = overtakenBy ?? { revision: null, sequence: null };
      const what =
        theirs === null ? 'changed what is there' : `published revision ${theirs} (sequence ${number})`;
      return `${styled('red', 'overtaken')}  somebody ${what} meanwhile, and nothing was written: run again`;
    }
  }
}
