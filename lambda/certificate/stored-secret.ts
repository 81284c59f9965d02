import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { awsError, ChangedMeanwhileError } from './errors.ts';

/** A value of a secret, and which it is. */
export interface StoredValue {
  readonly text: string;
  readonly version: string;
  /** By AWS's clock. */
  readonly storedAt: Date;
}

const CURRENT = 'AWSCURRENT';
const WRITTEN = 'PDPWRITTEN';

/** A secret whose value is replaced only by who knows what it was: of two runs at a time, one has to look again. */
export class StoredSecret {
  readonly #client: SecretsManagerClient;
  readonly #arn: string;

  constructor(client: SecretsManagerClient, arn: string) {
    this.#client = client;
    this.#arn = arn;
  }

  /** @returns `undefined` while it has no value */
  async read(): Promise<StoredValue | undefined> {
    try {
      const { SecretString, VersionId, CreatedDate } = await this.#client.send(
        new GetSecretValueCommand({ SecretId: this.#arn, VersionStage: CURRENT }),
      );
      return { text: SecretString ?? '', version: VersionId ?? '', storedAt: CreatedDate ?? new Date(0) };
    } catch (error) {
      // So says Secrets Manager of a secret that has no value; of one that is not there, when it is written.
      if (nameOf(error) === 'ResourceNotFoundException') return undefined;
      throw awsError(`cannot read the secret ${this.#arn}`, error);
    }
  }

  /**
   * Replaces the value. It is written beside the one in use, which takes the label `AWSCURRENT` from exactly the
   * version that was known: Secrets Manager refuses when that version has it no more.
   *
   * @param known what was read, `undefined` when there was no value
   * @throws ChangedMeanwhileError when the value is not the known one any more
   */
  async replace(known: StoredValue | undefined, text: string): Promise<void> {
    let version: string | undefined;
    try {
      const written = await this.#client.send(
        new PutSecretValueCommand({ SecretId: this.#arn, SecretString: text, VersionStages: [WRITTEN] }),
      );
      // The first version of a secret has the label from the start.
      if (written.VersionStages?.includes(CURRENT)) return;
      version = written.VersionId;
    } catch (error) {
      throw awsError(`cannot write the secret ${this.#arn}`, error);
    }
    try {
      await this.#client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: this.#arn,
          VersionStage: CURRENT,
          MoveToVersionId: version,
          RemoveFromVersionId: known?.version,
        }),
      );
    } catch (error) {
      if (nameOf(error) === 'InvalidParameterException' || nameOf(error) === 'InvalidRequestException') {
        throw new ChangedMeanwhileError(`another run wrote the secret ${this.#arn} at the same time`);
      }
      throw awsError(`cannot make the new value of the secret ${this.#arn} the current one`, error);
    }
  }
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
