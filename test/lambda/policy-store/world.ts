import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';
import { createHandler } from '../../../lambda/policy-store/handler.ts';
import { startS3Server } from '../../pdp-container/support/s3-server.ts';
import { temporaryDirectory, writeFiles } from '../bundles.ts';

export const BUCKET = 'policies';
export const KEY = 'bundle.tar.gz';
export const FIRST = new TextEncoder().encode('the first policies');

type Fields = Record<string, unknown>;

interface Answer extends Fields {
  Status: string;
  Reason?: string;
  Data?: Fields;
}

/**
 * The function as it is deployed with its first policies, S3 on loopback, and KMS and CloudFormation's URL on another
 * server. Everything ends with the test.
 *
 * @param kms answers GetPublicKey; one that throws is a refusal by the error's name
 */
export async function world(kms: (input: Fields) => object = () => ({})) {
  const s3 = await startS3Server();
  const answers: Answer[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Fields;
    if (request.url === '/cloudformation') {
      answers.push(body as Answer);
      response.end();
      return;
    }
    try {
      response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(kms(body)));
    } catch (error) {
      const { name, message } = error as Error;
      response.writeHead(400).end(JSON.stringify({ __type: name, message }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries({ ...s3.env, AWS_ENDPOINT_URL_KMS: url, AWS_MAX_ATTEMPTS: '1' }))
    vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await s3.close();
  });

  const directory = await writeFiles(await temporaryDirectory(), new Map([['bundle.tar.gz', FIRST]]));
  const log: string[] = [];
  const handle = createHandler({ directory, log: (message) => log.push(message) });
  const request = (fields: Fields = {}) => ({
    RequestType: 'Create',
    ResponseURL: `${url}/cloudformation`,
    StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Policies/1',
    RequestId: `request-${answers.length}`,
    LogicalResourceId: 'StorePolicies',
    ResourceType: 'Custom::PdpPolicies',
    ResourceProperties: { Bucket: BUCKET, Key: KEY, Revision: '0123456789abcdef' },
    ...fields,
  });
  return {
    s3,
    log,
    handle,
    request,
    /** Asks as CloudFormation does, and returns the answer. */
    async deploy(fields: Fields = {}): Promise<Answer> {
      await handle(request(fields));
      const answer = answers.at(-1);
      if (answer === undefined) throw new Error('CloudFormation was not answered');
      return answer;
    },
    /** What is published, as text. */
    published: () => new TextDecoder().decode(s3.buckets.get(BUCKET)?.get(KEY, undefined).content),
  };
}
