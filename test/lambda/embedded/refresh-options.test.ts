import { expect, test } from 'vitest';
import { createRefreshedPdp, type RefreshedPdpOptions } from '../../../lambda/embedded/index.ts';
import { parseS3Address } from '../../../lambda/embedded/s3-address.ts';

const source = 's3://policies/bundle.tar.gz';

test.each<[unknown, string]>([
  [undefined, 'the options must be an object'],
  [{}, 'source must be a string that is not empty'],
  [
    { source: 'policies/bundle.tar.gz' },
    'source must be the address of an object, like s3://bucket/bundle.tar.gz',
  ],
  [{ source, bundle: '' }, 'bundle must be the path'],
  [{ source, afterMs: 0 }, 'afterMs must be a positive whole number'],
  [{ source, maxStaleMs: 59_999 }, 'maxStaleMs is 59999, less than afterMs (60000)'],
  [{ source, afterMs: 10, maxStaleMs: 9 }, 'maxStaleMs is 9, less than afterMs (10)'],
  [{ source, verifyKey: '-----BEGIN PRIVATE KEY-----' }, 'verifyKey must be public keys in PEM form'],
  [{ source, allowOlder: 'yes' }, 'allowOlder must be true or false'],
  [{ source, onEvent: {} }, 'onEvent must be a function'],
  [{ source, verifykey: 'x' }, 'unknown option "verifykey"; the options are bundle, source,'],
])('refuses the options %j', (options, message) => {
  expect(() => createRefreshedPdp(options as RefreshedPdpOptions)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringMatching(/^createRefreshedPdp: /),
    }),
  );
  expect(() => createRefreshedPdp(options as RefreshedPdpOptions)).toThrow(message);
});

test.each<[string, ReturnType<typeof parseS3Address>]>([
  [source, { bucket: 'policies', key: 'bundle.tar.gz' }],
  ['s3://my.bucket-1/a b/ü%1.tar.gz', { bucket: 'my.bucket-1', key: 'a b/ü%1.tar.gz' }],
  ['s3://policies/bundle.tar.gz?versionId=1', undefined],
  ['s3://policies/bundle#1', undefined],
  ['s3://policies', undefined],
  ['s3://policies/', undefined],
  ['s3://policies/folder/', undefined],
  ['s3:///bundle.tar.gz', undefined],
  ['s3://a:b@policies/bundle.tar.gz', undefined],
  ['s3://Policies/bundle.tar.gz', undefined],
  ['https://policies/bundle.tar.gz', undefined],
  [' s3://policies/bundle.tar.gz', undefined],
  ['', undefined],
])('the address %j is %j', (text, address) => {
  expect(parseS3Address(text)).toEqual(address);
});
