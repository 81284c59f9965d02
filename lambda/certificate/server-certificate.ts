import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { AuthorityState } from './authority.ts';
import { DAY_MS, type KeyPair } from './issue.ts';

/** How long before its end a certificate is renewed, in days: as many daily runs to get it done. */
export const RENEW_BEFORE_DAYS = 30;

/** What the server's secret holds, each field read by the tasks on its own: the chain and its key in PEM. */
export function serializeServerCertificate({ certificate, privateKey }: KeyPair): string {
  return JSON.stringify({ certificate, privateKey });
}

/**
 * Why the server needs a new certificate.
 *
 * @param text what its secret holds
 * @returns the reason, for the log, or `undefined` when the one it has will do
 */
export function reasonToIssue(
  text: string | undefined,
  state: AuthorityState,
  now: Date,
): string | undefined {
  if (text === undefined) return 'there is none';
  const certificate = parse(text);
  if (certificate === undefined) return 'what is stored is not a certificate and its key';
  const authority = new X509Certificate(state.current.certificate);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    return 'it is of another authority';
  }
  if (certificate.subjectAltName !== subjectAltName(state.serverNames)) return 'the names changed';
  const end = new Date(certificate.validTo).getTime();
  // The last one of an authority ends with it: another would not last longer.
  const mayBeLonger = end < new Date(authority.validTo).getTime();
  return end - now.getTime() <= RENEW_BEFORE_DAYS * DAY_MS && mayBeLonger ? 'it ends soon' : undefined;
}

function parse(text: string): X509Certificate | undefined {
  try {
    const { certificate, privateKey } = JSON.parse(text) as KeyPair;
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(privateKey)) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function subjectAltName(names: readonly string[]): string {
  return names.map((name) => `DNS:${name}`).join(', ');
}
