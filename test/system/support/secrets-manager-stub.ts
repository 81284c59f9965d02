/**
 * A stub of Secrets Manager, run inside a network namespace: over TLS on port 443, as the VPC's endpoint is. It holds
 * one secret and answers GetSecretValue for it. Environment: `SECRET_ID`, `SECRET_STRING`, `TLS_CERT`,
 * `TLS_KEY` and `ADDRESS`. Prints `read` for each time that the secret was.
 */
import { createServer } from 'node:https';

const { SECRET_ID, SECRET_STRING, TLS_CERT, TLS_KEY, ADDRESS } = process.env;

const server = createServer({ cert: TLS_CERT ?? '', key: TLS_KEY ?? '' }, async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { SecretId } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { SecretId?: string };
  const isKnown =
    request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue' && SecretId === SECRET_ID;
  response.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
  const answer = isKnown
    ? { ARN: SECRET_ID, Name: 'stub', SecretString: SECRET_STRING, VersionStages: ['AWSCURRENT'] }
    : { __type: 'ResourceNotFoundException', message: 'the stub has no such secret' };
  response.end(JSON.stringify(answer));
  if (isKnown) console.log('read');
});
server.listen(443, ADDRESS, () => console.log('listening'));
