import { ECSClient } from '@aws-sdk/client-ecs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { answer, type Outcome } from '../custom-resource/answer.ts';
import { told } from '../custom-resource/told.ts';
import { CertificateError } from './errors.ts';
import { type DeploymentEvent, parseEvent } from './events.ts';
import { Keeper } from './keeper.ts';
import { restart } from './restart.ts';
import { StoredSecret } from './stored-secret.ts';

/** The function's variables, set by the construct. */
export interface Environment {
  /** ARN of the secret with the certificate authority and its key. */
  AUTHORITY_SECRET?: string | undefined;
  /** ARN of the secret with the server's certificate and its key. */
  SERVER_SECRET?: string | undefined;
}

/**
 * Makes and keeps the certificate authority and the server certificate of a PDP: for CloudFormation, which gets the
 * authorities to trust as the attribute `CertificateAuthority`, and once a day.
 *
 * @param now the clock of certificates
 */
export function createHandler(
  env: Environment,
  now: () => Date = () => new Date(),
  log: (message: string) => void = console.info,
): (event: unknown) => Promise<void> {
  const arn = (name: keyof Environment): string => {
    const value = env[name];
    if (value) return value;
    throw new CertificateError(`${name} is not set: it must be the ARN of a secret`);
  };
  const secrets = new SecretsManagerClient({});
  const ecs = new ECSClient({});
  const keeper = () =>
    new Keeper({
      authority: new StoredSecret(secrets, arn('AUTHORITY_SECRET')),
      server: new StoredSecret(secrets, arn('SERVER_SECRET')),
      now,
      log,
    });

  const deploy = async (event: DeploymentEvent): Promise<Outcome> => {
    // The secrets are CloudFormation's to delete.
    if (event.deleted) return { status: 'SUCCESS' };
    try {
      return {
        status: 'SUCCESS',
        data: { CertificateAuthority: await keeper().deploy(event.wanted(), event.rotates) },
      };
    } catch (error) {
      return { status: 'FAILED', reason: told(error, log) };
    }
  };

  return async (received) => {
    try {
      const event = parseEvent(received);
      if (event.kind === 'deployment') {
        await answer(event.request, arn('AUTHORITY_SECRET'), await deploy(event));
        return;
      }
      await keeper().renew((storedAt) =>
        Promise.all(event.services.map((service) => restart(ecs, service, storedAt))),
      );
    } catch (error) {
      // Lambda logs what is thrown, counts it as an error and invokes the function again.
      throw new CertificateError(told(error, log));
    }
  };
}

export const handler = createHandler(process.env);
