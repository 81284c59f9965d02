import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { whenDone } from './bundles.ts';

/**
 * The endpoint at which a task on ECS gets the credentials of its role, on a free port of 127.0.0.1 until the test is
 * done. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 *
 * @param accessKey undefined: it never answers
 * @param asked called with every question
 * @returns the variables that the AWS SDK finds it by, and no other credentials
 */
export async function startTaskRole(
  accessKey: string | undefined,
  asked = () => {},
): Promise<Record<string, string>> {
  const server = createServer((_, response) => {
    asked();
    if (accessKey === undefined) return;
    response.setHeader('content-type', 'application/json');
    const keys = { AccessKeyId: accessKey, SecretAccessKey: 'secret', Token: 'session' };
    response.end(JSON.stringify({ ...keys, Expiration: '2099-01-01T00:00:00Z' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  whenDone(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/role`,
  };
}
