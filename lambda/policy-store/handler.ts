import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { answer, type Outcome } from '../custom-resource/answer.ts';
import { CustomResourceError } from '../custom-resource/errors.ts';
import { told } from '../custom-resource/told.ts';
import { parseEvent, type StoreEvent } from './events.ts';
import { publicKeyOf } from './public-key.ts';
import { putInitial } from './put-initial.ts';

/** The file beside the function's code that is put where there is nothing yet. */
export const INITIAL_FILE = 'bundle.tar.gz';

/** What the function works with, which tests replace. */
export interface StoreParts {
  /** Where {@link INITIAL_FILE} is. */
  readonly directory: string;
  readonly log: (message: string) => void;
}

/**
 * The custom resources of a store of policies. `Custom::PdpPolicies` puts the first policies, and never writes over any;
 * `Custom::PdpVerifyKey` has the public key of a key in KMS as the attribute `VerifyKey`.
 */
export function createHandler({ directory, log }: StoreParts): (event: unknown) => Promise<void> {
  const fulfil = async (event: StoreEvent): Promise<Outcome> => {
    // What was published stays: the bucket is CloudFormation's to keep or to delete.
    if (event.deleted) return { status: 'SUCCESS' };
    try {
      const wanted = event.wanted();
      if (wanted.kind === 'verifyKey') {
        return { status: 'SUCCESS', data: { VerifyKey: await publicKeyOf(new KMSClient(), wanted.keyId) } };
      }
      const { bucket, key } = wanted.address;
      const put = await putInitial(new S3Client(), wanted.address, readInitial(directory));
      log(`s3://${bucket}/${key}: ${put ? 'put the first policies' : 'there are policies, which are left'}`);
      return { status: 'SUCCESS' };
    } catch (error) {
      return { status: 'FAILED', reason: told(error, log) };
    }
  };

  return async (received) => {
    try {
      const event = parseEvent(received);
      await answer(event.request, event.physicalId, await fulfil(event));
    } catch (error) {
      // Lambda logs what is thrown, counts it as an error and invokes the function again.
      throw new CustomResourceError(told(error, log));
    }
  };
}

function readInitial(directory: string): Uint8Array {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  return readFileSync(`${directory}/${INITIAL_FILE}`);
}

export const handler = createHandler({ directory: import.meta.dirname, log: console.info });
