import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { styled } from '../terminal/output.ts';
import { shortPath } from './narrate.ts';

export interface Running {
  pdpUrl: string;
  /** Of OPA's REST API, where it is answered. */
  opaUrl?: string | undefined;
  appUrl: string;
  /** The bundle's directory or file. */
  source: string;
}

/** What runs where, and what to try: the lines with `curl` are to be pasted as they are. */
export function summary({ pdpUrl, opaUrl, appUrl, source }: Running): string {
  const note = `${appUrl}/tenants/acme/notes/roadmap`;
  const as = (user: string) => `curl -i -H 'Authorization: Bearer dev-${user}' ${note}`;
  const policy = join(source, 'notes.cedar');
  const edit = existsSync(policy) ? `edit ${shortPath(policy)} and save` : `change ${shortPath(source)}`;
  const opa =
    opaUrl === undefined ? '' : `  OPA API      ${styled('bold', opaUrl)}  the same PDP for OPA's clients\n`;
  return `
  ${styled('bold', 'serverless-pdp is running')}

  PDP          ${styled('bold', pdpUrl)}  policies of ${shortPath(source)}
${opa}  Application  ${styled('bold', appUrl)}  the sample's Lambda functions behind a local HTTP API

  ${styled('green', '200')}  bob is an editor of acme
       ${as('bob')}
  ${styled('yellow', '403')}  erin belongs to another tenant
       ${as('erin')}
  ${styled('red', '401')}  nobody
       curl -i ${note}

  "dev-bob" is a development token: believed unchecked, on this machine only.
  To see a policy take effect: ${edit}.
  Ctrl-C stops everything.
`;
}
