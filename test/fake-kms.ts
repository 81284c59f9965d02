import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { signDigest } from './digest-signature.ts';

type Json = Record<string, unknown>;

export const KMS_KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
export const KMS_ALIAS = 'arn:aws:kms:eu-west-1:123456789012:alias/policies';

export interface FakeKms {
  /** For `AWS_…` variables of what talks to it. */
  env: Record<string, string>;
  /** What its one key is; it signs by that. */
  keys: KeyPairKeyObjectResult;
  /** Every call, in order: its action and input. */
  calls: { action: string; input: Json }[];
  /** Answers an action with an error of the API from now on. */
  refuse(action: string, type: string, message: string): void;
  /** Changes what it signs to, as a wrong key would. */
  tamper: (signature: Buffer) => Buffer;
}

/**
 * A fake of the KMS API on a free port of 127.0.0.1, in its own protocol (AWS JSON 1.1), with one key and one alias of
 * it. It refuses what KMS refuses: another key, and messages of more than 4,096 bytes.
 */
export async function fakeKms(
  keys: KeyPairKeyObjectResult = generateKeyPairSync('ec', { namedCurve: 'P-256' }),
): Promise<FakeKms> {
  const refusals = new Map<string, { type: string; message: string }>();
  const fake: Omit<FakeKms, 'env' | 'refuse'> = { keys, calls: [], tamper: (signature) => signature };
  const server = createServer(async (request, response) => {
    const input = JSON.parse(await text(request)) as Json;
    const [, action = ''] = String(request.headers['x-amz-target']).split('.');
    fake.calls.push({ action, input });
    const refusal = refusals.get(action) ?? refusalOf(input);
    if (refusal !== undefined) send(response, 400, { __type: refusal.type, message: refusal.message });
    else send(response, 200, answer(fake, action, input));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, {
    env: { AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}` },
    refuse: (action: string, type: string, message: string) => refusals.set(action, { type, message }),
  });
}

function refusalOf({ KeyId, Message }: Json): { type: string; message: string } | undefined {
  if (KeyId !== KMS_KEY && KeyId !== KMS_ALIAS) return { type: 'NotFoundException', message: 'no such key' };
  if (Buffer.from(String(Message ?? ''), 'base64').length > 4_096) {
    return { type: 'ValidationException', message: 'message is too long' };
  }
  return undefined;
}

function answer({ keys, tamper }: Pick<FakeKms, 'keys' | 'tamper'>, action: string, input: Json): Json {
  if (action === 'GetPublicKey') {
    const spki = createPublicKey(keys.privateKey).export({ type: 'spki', format: 'der' });
    return { KeyId: KMS_KEY, PublicKey: spki.toString('base64'), KeyUsage: 'SIGN_VERIFY' };
  }
  const message = Buffer.from(String(input.Message), 'base64');
  const signature =
    input.MessageType === 'DIGEST'
      ? signDigest(keys.privateKey, message)
      : sign(null, message, keys.privateKey);
  return { KeyId: KMS_KEY, Signature: tamper(signature).toString('base64') };
}

function send(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
