import type { S3Bucket, S3Error } from './s3-bucket.ts';

const HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses */
export function errorBody(
  { code, message }: S3Error,
  { bucket, key }: { bucket: string; key: string },
): string {
  return `${HEADER}<Error>${element('Code', code)}${element('Message', message)}${element(
    'BucketName',
    bucket,
  )}${element('Key', key)}${element('RequestId', 'STANDIN')}${element('HostId', 'stand-in')}</Error>`;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export function versionsBody(name: string, bucket: S3Bucket, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const max = Number(query.get('max-keys') ?? 1_000);
  const all = bucket.list(prefix);
  const [key, id] = [query.get('key-marker'), query.get('version-id-marker')];
  // Markers are what came last: of a version that one, of a key all of its versions.
  const last = all.findLastIndex((one) => one.key === key && (id === null || one.version.id === id));
  const page = all.slice(last + 1, last + 1 + max);
  const next = last + 1 + max < all.length ? page.at(-1) : undefined;
  const entries = page.map(({ key, version, latest }) => {
    const common =
      element('Key', key) +
      element('VersionId', version.id) +
      element('IsLatest', latest) +
      element('LastModified', version.modified.toISOString());
    if (version.content === undefined) return `<DeleteMarker>${common}</DeleteMarker>`;
    return `<Version>${common}${element('ETag', version.etag)}${element('Size', version.content.length)}</Version>`;
  });
  return (
    `${HEADER}<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
    element('Name', name) +
    element('Prefix', prefix) +
    element('MaxKeys', max) +
    element('IsTruncated', next !== undefined) +
    (next === undefined
      ? ''
      : element('NextKeyMarker', next.key) + element('NextVersionIdMarker', next.version.id)) +
    `${entries.join('')}</ListVersionsResult>`
  );
}

function element(name: string, value: string | number | boolean): string {
  return `<${name}>${String(value).replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)}</${name}>`;
}
