import { codeOf } from '../errno.ts';

const UNTRUSTED =
  'its certificate is of an authority that is not trusted here; NODE_EXTRA_CA_CERTS names more';

const CONNECTION: Record<string, string> = {
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  ECONNREFUSED: 'no server listens there',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  ETIMEDOUT: 'it cannot be reached',
  EHOSTUNREACH: 'it cannot be reached',
  ENETUNREACH: 'it cannot be reached',
  ERR_PROXY_TUNNEL: 'the proxy that HTTPS_PROXY names makes no way to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** Why there was no whole answer, in words; the messages of Node's errors have addresses in them. */
export function connectionProblem(error: unknown): string {
  const code = codeOf(error);
  if (code?.startsWith('HPE_')) return `what it answers is not HTTP (${code})`;
  const words = CONNECTION[code ?? ''] ?? 'it cannot be reached';
  return code === undefined ? words : `${words} (${code})`;
}

/** What a status other than 200 and 304 means here. */
export function statusProblem(status: number, hasToken: boolean): string {
  const answered = `it answered ${status}`;
  switch (status) {
    case 401:
    case 403:
      return hasToken
        ? `${answered}: the token of PDP_SOURCE_TOKEN is not one that may read it`
        : `${answered}: it asks who wants to read it; set PDP_SOURCE_TOKEN to a token`;
    case 404:
    case 410:
      return `${answered}: there is nothing at this address`;
    case 407:
      return `${answered}: a proxy asks for credentials`;
    default:
      return answered;
  }
}
