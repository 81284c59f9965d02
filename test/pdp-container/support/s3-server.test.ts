import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { whenDone } from './bundles.ts';
import { s3Contract } from './s3-contract.ts';
import { type S3Server, type S3ServerOptions, startS3Server } from './s3-server.ts';

async function standIn(options: S3ServerOptions = {}): Promise<{ server: S3Server; client: S3Client }> {
  const server = await startS3Server(options);
  const client = new S3Client({
    endpoint: server.url,
    forcePathStyle: true,
    region: server.env.AWS_REGION,
    credentials: { accessKeyId: 'stand-in', secretAccessKey: 'stand-in' },
    maxAttempts: 1,
  });
  whenDone(async () => {
    client.destroy();
    await server.close();
  });
  return { server, client };
}

const here = { Bucket: 'policies', Key: 'bundle.tar.gz' };

it('keeps to what this kit relies on of S3', async () => {
  const { client } = await standIn();
  await s3Contract(client, 'policies');
});

it('lets one of two writers at once through', async () => {
  const { server, client } = await standIn();
  const { etag } = server.put('policies', 'bundle.tar.gz', Buffer.from('old'));
  const outcomes = await Promise.allSettled(
    ['a', 'b'].map((Body) => client.send(new PutObjectCommand({ ...here, Body, IfMatch: etag }))),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

it('gives what the client checks a content by', async () => {
  const { server, client } = await standIn();
  server.put('policies', 'bundle.tar.gz', Buffer.from('content'));
  server.fault = 'corrupt';
  const { Body } = await client.send(new GetObjectCommand(here));
  await expect(Body?.transformToByteArray()).rejects.toThrow(/Checksum mismatch/);
});

it('has errors of its own for a caller it does not know, and one who may not list', async () => {
  const { server, client } = await standIn();
  server.mayList = false;
  await expect(client.send(new GetObjectCommand(here))).rejects.toMatchObject({
    name: 'AccessDenied',
    $metadata: { httpStatusCode: 403 },
  });
  const unsigned = await fetch(`${server.url}/policies/bundle.tar.gz`);
  expect(unsigned.status).toBe(403);
  expect(await unsigned.text()).toContain('<Code>AccessDenied</Code>');
});

it('tells where a bucket of another region is', async () => {
  const { client } = await standIn({ buckets: { policies: { region: 'ap-south-1' } } });
  await expect(client.send(new GetObjectCommand(here))).rejects.toMatchObject({
    name: 'PermanentRedirect',
    $response: { headers: { 'x-amz-bucket-region': 'ap-south-1' } },
  });
});

it('goes down and comes back at the same address', async () => {
  const { server, client } = await standIn();
  server.put('policies', 'bundle.tar.gz', Buffer.from('content'));
  server.down();
  await expect(client.send(new GetObjectCommand(here))).rejects.toMatchObject({ code: 'ECONNRESET' });
  server.up();
  const { Body } = await client.send(new GetObjectCommand(here));
  expect(await Body?.transformToString()).toBe('content');
});
