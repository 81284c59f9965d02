import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseS3Address, s3Name } from '../../../pdp-container/source/s3-address.ts';

it.each([
  ['s3://policies/bundle.tar.gz', { bucket: 'policies', key: 'bundle.tar.gz' }],
  ['S3://my.policies-1/team a/b%20c+d.tar.gz', { bucket: 'my.policies-1', key: 'team a/b%20c+d.tar.gz' }],
  ['s3://policies//x', { bucket: 'policies', key: '/x' }],
  ['s3://access-point-1234567890-s3alias/x', { bucket: 'access-point-1234567890-s3alias', key: 'x' }],
  [
    's3://policies/x?versionId=3sL4kqtJlcpXroDTDm',
    { bucket: 'policies', key: 'x', versionId: '3sL4kqtJlcpXroDTDm' },
  ],
])('reads %s', (text, address) => {
  expect(parseS3Address(text)).toEqual(address);
});

it.each([
  ['s3://', '"" cannot be a bucket'],
  ['s3:///bundle.tar.gz', '"" cannot be a bucket'],
  ['s3://ab/x', '"ab" cannot be a bucket'],
  [`s3://${'a'.repeat(64)}/x`, 'cannot be a bucket: names are 3 to 63 lower-case letters'],
  ['s3://Policies/x', '"Policies" cannot be a bucket'],
  ['s3://my_policies/x', '"my_policies" cannot be a bucket'],
  ['s3://policies./x', '"policies." cannot be a bucket'],
  ['s3://my..policies/x', '"my..policies" cannot be a bucket'],
  ['s3://192.168.0.1/x', '"192.168.0.1" cannot be a bucket'],
  ['s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/x', 'give an access point by its alias'],
  ['s3://policies', "source 's3://policies/': it names no object"],
  ['s3://policies/', 'it names no object'],
  ['s3://policies/team/', 'it names no object'],
  [`s3://policies/${'ä'.repeat(513)}`, 'its key is longer than 1024 bytes'],
  ['s3://policies/a\nb', 'its key has a # or a control character in it'],
  ['s3://policies/bundle#1', 'its key has a # or a control character in it'],
  ['s3://policies/../other', 'its key has a . or .. between slashes'],
  ['s3://policies/x?version=1', 'after a ? there can only be versionId=…'],
  ['s3://policies/x?versionId=', 'after a ? there can only be versionId=…'],
])('refuses %s', (text, message) => {
  expect(() => parseS3Address(text)).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
  );
});

it('does not repeat what may be credentials', () => {
  expect(() => parseS3Address('s3://AKIA:secret@policies/x')).toThrow(
    /^an s3 source has an @ in its bucket: (?!.*secret)/,
  );
});

it('reads what it writes, and nothing else changes on the way', () => {
  const bucket = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
  const key = fc.stringMatching(/^[\w!'() *+,:;=@$&%äöü-]{1,20}(?:\/[\w-]{1,9}){0,3}$/);
  const versionId = fc.option(fc.stringMatching(/^[\w.~-]{1,40}$/), { nil: undefined });
  fc.assert(
    fc.property(fc.record({ bucket, key, versionId }), ({ versionId, ...rest }) => {
      const address = versionId === undefined ? rest : { ...rest, versionId };
      expect(parseS3Address(s3Name(address))).toEqual(address);
    }),
  );
});
