import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ConfigurationError } from '../../engine/index.ts';

/** Fewest characters of the secret: whoever sees one request may guess at it for as long as they like. */
export const MIN_SECRET = 16;

/**
 * What a caller of the webhook proves itself with:
 *
 * - a signature, HMAC-SHA256 over the body's bytes: `X-Hub-Signature-256` of GitHub, `X-Hub-Signature` of Bitbucket
 * - the secret itself: `X-Gitlab-Token` of GitLab
 *
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 * @see https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
 * @see https://docs.gitlab.com/user/project/integrations/webhooks/
 */
export type Proof = { kind: 'signature'; digest: Buffer } | { kind: 'token'; token: string };

/** @returns undefined when there is none, or none of a form that could be right */
export function proofOf(headers: IncomingHttpHeaders): Proof | undefined {
  // GitHub sends the other one too, by SHA-1.
  const signature = headers['x-hub-signature-256'] ?? headers['x-hub-signature'];
  if (typeof signature === 'string') {
    const hex = /^sha256=([0-9a-f]{64})$/i.exec(signature)?.[1];
    return hex === undefined ? undefined : { kind: 'signature', digest: Buffer.from(hex, 'hex') };
  }
  const token = headers['x-gitlab-token'];
  return typeof token === 'string' ? { kind: 'token', token } : undefined;
}

/** Holds proofs to the secret, in a time that does not depend on it. */
export class WebhookSecret {
  readonly #secret: string;

  /** @throws ConfigurationError when it is too short, or cannot be sent in a header */
  constructor(secret: string) {
    if (secret.length < MIN_SECRET || !/^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(secret)) {
      throw new ConfigurationError(
        `PDP_WEBHOOK_SECRET must be at least ${MIN_SECRET} characters, of printable ASCII, with no space at either end: ` +
          'make one by "openssl rand -hex 32", or unset it to take no webhooks',
      );
    }
    this.#secret = secret;
  }

  /** Of a body that is yet to be read. */
  signer(): Hmac {
    return createHmac('sha256', this.#secret);
  }

  /** @param digest of the body, by {@link signer} */
  accepts(proof: Proof, digest: Buffer): boolean {
    if (proof.kind === 'signature') return timingSafeEqual(proof.digest, digest);
    // Equal lengths, whatever was sent.
    return timingSafeEqual(this.#digest(proof.token), this.#digest(this.#secret));
  }

  #digest(text: string): Buffer {
    return this.signer().update(text).digest();
  }
}

/** @throws ConfigurationError as {@link WebhookSecret} */
export function optionalSecret(secret: string | undefined): WebhookSecret | undefined {
  return secret === undefined ? undefined : new WebhookSecret(secret);
}
