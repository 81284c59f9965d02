import { ConfigurationError } from '../../engine/errors.ts';

/** Milliseconds in which Secrets Manager must answer. */
const TIMEOUT_MS = 5_000;

/**
 * Reads the key for the PDP from Secrets Manager: the secret's string, or its field `apiKey` when the string is
 * a JSON object. The SDK is the one that Lambda's Node runtimes bring along; it is loaded only when this is
 * called.
 *
 * @throws ConfigurationError when the secret has no string, or the SDK's own error
 */
export async function readApiKeySecret(secretId: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({});
  try {
    const command = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString: text } = await client.send(command, {
      abortSignal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const key = text?.startsWith('{') ? fieldOf(text) : text?.trim();
    if (key) return key;
  } finally {
    client.destroy();
  }
  throw new ConfigurationError(
    `the secret ${secretId} holds no key: store it as a string, or as {"apiKey": "…"}`,
  );
}

function fieldOf(text: string): string | undefined {
  try {
    const { apiKey } = JSON.parse(text) as { apiKey?: unknown };
    return typeof apiKey === 'string' ? apiKey : undefined;
  } catch {
    return undefined;
  }
}
