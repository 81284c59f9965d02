import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../engine/index.ts';
import { proofOf, WebhookSecret } from '../../../pdp-container/webhook/proof.ts';

// The example of GitHub's documentation.
const SECRET = "It's a Secret to Everybody";
const BODY = 'Hello, World!';
const HEX = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

const accepts = (headers: Record<string, string>, body = BODY) => {
  const secret = new WebhookSecret(SECRET);
  const proof = proofOf(headers);
  return proof !== undefined && secret.accepts(proof, secret.signer().update(body).digest());
};

describe('accepted', () => {
  it.each<[string, Record<string, string>]>([
    ['GitHub', { 'x-hub-signature-256': `sha256=${HEX}`, 'x-hub-signature': 'sha1=0123' }],
    ['Bitbucket', { 'x-hub-signature': `sha256=${HEX}` }],
    ['in capitals', { 'x-hub-signature': `SHA256=${HEX.toUpperCase()}` }],
    ['GitLab', { 'x-gitlab-token': SECRET }],
  ])('%s', (_, headers) => {
    expect(accepts(headers)).toBe(true);
  });
});

describe('refused', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['another signature', { 'x-hub-signature-256': `sha256=${HEX.replace('7', '8')}` }],
    [
      'another signature, whatever else is right',
      { 'x-hub-signature-256': 'sha256=', 'x-gitlab-token': SECRET },
    ],
    ['half of it', { 'x-hub-signature-256': `sha256=${HEX.slice(0, 32)}` }],
    ['no algorithm', { 'x-hub-signature-256': HEX }],
    ['SHA-1', { 'x-hub-signature': 'sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12' }],
    ['two signatures', { 'x-hub-signature-256': `sha256=${HEX}, sha256=${HEX}` }],
    ['another token', { 'x-gitlab-token': `${SECRET}!` }],
    ['no token', { 'x-gitlab-token': '' }],
    ['a signature as a token', { 'x-gitlab-token': `sha256=${HEX}` }],
  ])('%s', (_, headers) => {
    expect(accepts(headers)).toBe(false);
  });

  it('a signature of another body', () => {
    expect(accepts({ 'x-hub-signature-256': `sha256=${HEX}` }, `${BODY} `)).toBe(false);
  });
});

describe('a secret', () => {
  it.each([
    '',
    'fifteen-letters',
    ' sixteen-letters',
    'sixteen-letters ',
    'sixteen\nletters!',
    'sechzehn-Zeichen-ü',
  ])('cannot be %j', (secret) => {
    expect(() => new WebhookSecret(secret)).toThrow(ConfigurationError);
    expect(() => new WebhookSecret(secret)).toThrow('PDP_WEBHOOK_SECRET must be at least 16 characters');
  });

  it('is not told when it is wrong', () => {
    expect(() => new WebhookSecret('hunter2')).not.toThrow('hunter2');
  });
});
