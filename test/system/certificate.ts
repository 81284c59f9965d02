import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { createHandler } from '../../lambda/certificate/handler.ts';
import { writeFunctions } from '../../scripts/functions.ts';
import { handshake } from '../lambda/certificate/handshake.ts';
import { withCleanup } from './support/cleanup.ts';
import { eventually } from './support/http.ts';
import { type MockAws, startMockAws } from './support/mock-aws.ts';
import { mockService } from './support/mock-service.ts';

export const title =
  "the certificate's function with Secrets Manager and ECS of a mock AWS, and the TLS it makes";

const root = fileURLToPath(new URL('../..', import.meta.url));
const DAY_MS = 86_400_000;

type Answer = { Status: string; Data: { CertificateAuthority: string } };

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const mock = await startMockAws(defer);
    const { cluster, service } = await mockService(mock, 'none', defer);
    useEnvironment(mock.env, defer);
    const [secrets, ecs] = [new SecretsManagerClient({}), new ECSClient({})];
    defer(() => secrets.destroy());
    defer(() => ecs.destroy());
    const make = async (Name: string) =>
      (await secrets.send(new CreateSecretCommand({ Name }))).ARN as string;
    const [authority, server] = [await make('authority'), await make('server')];
    const stored = async (SecretId: string) => {
      const { SecretString } = await secrets.send(
        new GetSecretValueCommand({ SecretId, VersionStage: 'AWSCURRENT' }),
      );
      return JSON.parse(SecretString ?? '');
    };
    const deployment = async () => {
      const described = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
      const primary = described.services?.[0]?.deployments?.find(({ status }) => status === 'PRIMARY');
      return { id: primary?.id, createdAt: Number(primary?.createdAt) };
    };
    const cloudFormation = await startCloudFormation(defer);

    let now = Date.now() - 2 * DAY_MS;
    const functions = join(root, 'build/system/certificate');
    defer(() => rm(functions, { recursive: true, force: true }));
    await writeFunctions(functions);
    const packed: { createHandler: typeof createHandler } = await import(
      join(functions, 'certificate/index.mjs')
    );
    const handle = packed.createHandler(
      { AUTHORITY_SECRET: authority, SERVER_SECRET: server },
      () => new Date(now),
      () => {},
    );
    const deploy = (Generation: string) => handle(cloudFormation.request(Generation));

    // CloudFormation invokes again when it has no answer yet.
    await Promise.all([deploy('1'), deploy('1')]);
    const [first, again] = cloudFormation.answers;
    assert.equal(first?.Status, 'SUCCESS');
    assert.deepEqual(again?.Data, first?.Data);
    const trusted = first?.Data.CertificateAuthority ?? '';
    assert.equal(await handshake(await stored(server), trusted), 'ok');

    await deploy('2');
    const both = cloudFormation.answers.at(-1)?.Data.CertificateAuthority ?? '';
    assert.ok(both.endsWith(trusted) && both.length > trusted.length);
    const before = await deployment();
    // The mock tells when a secret was stored in whole seconds: the next must have begun for it to be later.
    await eventually(async () => assert.ok(Math.floor(Date.now() / 1000) * 1000 > before.createdAt));
    now += 2 * DAY_MS;
    await handle({ action: 'renew', services: [{ cluster, service }] });
    assert.equal((await stored(authority)).current.generation, '2');
    assert.equal(await handshake(await stored(server), both), 'ok');
    assert.notEqual(await handshake(await stored(server), trusted), 'ok');
    assert.notEqual((await deployment()).id, before.id);
  });
}

/** Where CloudFormation waits for answers, and what it asks with. */
async function startCloudFormation(defer: (undo: () => unknown) => void) {
  const answers: Answer[] = [];
  const server = createServer(async (request, response) => {
    answers.push((await json(request)) as Answer);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(() => server.close());
  const { port } = server.address() as AddressInfo;
  const request = (Generation: string) => ({
    RequestType: 'Update',
    ResponseURL: `http://127.0.0.1:${port}/`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Certificate',
    ResourceProperties: { ServerNames: ['localhost'], Generation },
  });
  return { answers, request };
}

/** The SDK's clients, those of the function too, find AWS by the environment. */
function useEnvironment(env: MockAws['env'], defer: (undo: () => unknown) => void): void {
  const before = { ...process.env };
  Object.assign(process.env, env);
  defer(() => {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}
