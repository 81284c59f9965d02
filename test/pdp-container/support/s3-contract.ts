import assert from 'node:assert/strict';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

/**
 * What this kit relies on of S3, as steps that any implementation of its protocol must pass: the stand-in of the tests
 * and another one, so that the stand-in is not held to itself alone.
 *
 * @param Bucket with versioning, and nothing in it
 * @throws AssertionError that names the step
 */
export async function s3Contract(client: S3Client, Bucket: string): Promise<void> {
  const Key = 'team a/bundle+1.tar.gz';
  const put = (Body: string, more: object = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const get = async (more: object = {}) => {
    const { Body, ...rest } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return { text: (await Body?.transformToString()) ?? '', ...rest };
  };
  const versions = async (more: object = {}) =>
    client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...more }));

  assert.deepEqual(await failure(get()), [404, 'NoSuchKey'], 'a key that is not there');
  const Missing = { Bucket: 'no-such-bucket-here' };
  assert.deepEqual(await failure(get(Missing)), [404, 'NoSuchBucket'], 'a bucket that is not there');
  const absent = { IfMatch: '"0123456789abcdef0123456789abcdef"' };
  assert.deepEqual(await failure(put('x', absent)), [404, 'NoSuchKey'], 'a change of what is not there');

  const first = await put('one', { IfNoneMatch: '*', Metadata: { revision: 'r1' } });
  assert.equal(
    first.ETag,
    '"f97c5d29941bfb1b2fdab0874906ab82"',
    'the ETag is the MD5 of the content, quoted',
  );
  assert.ok(first.VersionId, 'a version has an id');
  assert.deepEqual(
    await failure(put('other', { IfNoneMatch: '*' })),
    [412, 'PreconditionFailed'],
    'twice new',
  );

  const found = await get();
  assert.deepEqual(
    [found.text, found.ETag, found.VersionId, found.Metadata],
    ['one', first.ETag, first.VersionId, { revision: 'r1' }],
    'what was put is read',
  );
  assert.equal((await failure(get({ IfNoneMatch: first.ETag })))[0], 304, 'nothing new');

  const second = await put('two', { IfMatch: first.ETag });
  assert.notEqual(second.VersionId, first.VersionId, 'each write is a version of its own');
  const stale = await failure(put('late', { IfMatch: first.ETag }));
  assert.deepEqual(stale, [412, 'PreconditionFailed'], 'a write over what is not there any more');
  assert.equal((await get({ IfNoneMatch: first.ETag })).text, 'two', 'something new');
  assert.equal((await get({ VersionId: first.VersionId })).text, 'one', 'an older version is read');
  const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
  assert.deepEqual([head.ETag, head.VersionId], [second.ETag, second.VersionId], 'the head of the newest');

  const { Versions = [] } = await versions();
  assert.deepEqual(
    Versions.map(({ VersionId, IsLatest, ETag }) => [VersionId, IsLatest, ETag]),
    [
      [second.VersionId, true, second.ETag],
      [first.VersionId, false, first.ETag],
    ],
    'versions are listed, the newest first',
  );
  const page = await versions({ MaxKeys: 1 });
  assert.deepEqual([page.Versions?.length, page.IsTruncated], [1, true], 'a page of them');
  const rest = await versions({ KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker });
  assert.deepEqual(
    [rest.Versions?.map(({ VersionId }) => VersionId), rest.IsTruncated],
    [[first.VersionId], false],
    'and the rest',
  );

  await client.send(new DeleteObjectCommand({ Bucket, Key }));
  assert.deepEqual(await failure(get()), [404, 'NoSuchKey'], 'it is deleted');
  assert.equal((await get({ VersionId: second.VersionId })).text, 'two', 'its versions are not');
  await put('again', { IfNoneMatch: '*' });
  assert.equal((await get()).text, 'again', 'what is put over a delete marker is new');
}

/** The status and the name of what the API refuses. */
async function failure(call: Promise<unknown>): Promise<[number | undefined, string]> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return [$metadata?.httpStatusCode, name];
  }
  return [200, 'none'];
}
