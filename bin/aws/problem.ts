/** How a service is spoken of: `ECS`, `S3`, `KMS`. */
export type ServiceOfAws = 'ECS' | 'S3' | 'KMS';

/** What AWS refused whatever the service, or why it could not be asked, in one line that says what to do. */
export function problemOfAws(error: unknown, service: ServiceOfAws): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  const [line = ''] = message.split('\n');
  switch (name) {
    case 'AccessDeniedException':
    case 'AccessDenied':
      return `AWS does not allow it: ${line}`;
    case 'CredentialsProviderError':
      return `there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (${line})`;
    case 'ExpiredTokenException':
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'UnrecognizedClientException':
    case 'InvalidAccessKeyId':
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
    case 'IncompleteSignatureException':
      return `AWS does not take the credentials, which may have expired: ${line}`;
  }
  if (/^Region (?:is missing|not accepted: region="")/.test(line))
    return 'there is no region: give --region, or set AWS_REGION';
  // Several addresses were tried: Node's AggregateError has an empty message but a code.
  if (code !== undefined) return `the ${service} API cannot be reached (${code}): is the region right?`;
  return `${service}: ${name}: ${line}`;
}
