import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificates } from '../../lambda/certificates.ts';
import { start } from './processes.ts';
import type { Host } from './vpc.ts';

/** The name that functions in eu-central-1 ask. */
export const SECRETS_MANAGER = 'secretsmanager.eu-central-1.amazonaws.com';
/** The one secret that the stub holds. */
export const SECRET_ID = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-AbCdEf';

const stub = fileURLToPath(new URL('secrets-manager-stub.ts', import.meta.url));

export interface SecretsManagerStub {
  /** The file of the authority that signed for AWS. */
  trusted: string;
  /** How often the secret was read. */
  reads(): number;
}

/** Starts a stub of Secrets Manager on a host; the secret is a string. */
export async function startSecretsManager(
  host: Host,
  secret: string,
  defer: (undo: () => unknown) => void,
): Promise<SecretsManagerStub> {
  const directory = await mkdtemp(join(tmpdir(), 'pdp-secrets-'));
  defer(() => rm(directory, { recursive: true, force: true }));
  const { ca, server } = await certificates(SECRETS_MANAGER);
  const trusted = join(directory, 'aws.pem');
  await writeFile(trusted, ca);
  const running = start('ip', ['netns', 'exec', host.namespace, process.execPath, stub], {
    SECRET_ID,
    SECRET_STRING: secret,
    TLS_CERT: server.cert,
    TLS_KEY: server.key,
    ADDRESS: host.address,
  });
  defer(() => running.stop());
  await running.line((line) => line === 'listening');
  return { trusted, reads: () => running.lines.filter((line) => line === 'read').length };
}
