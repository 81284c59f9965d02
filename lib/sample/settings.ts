import type { Node } from 'constructs';
import { PLACEMENTS, type Placement, type ServerlessPdpStackProps } from '../serverless-pdp-stack.ts';
import { SynthesisError } from '../synthesis-error.ts';
import type { TokenIssuer } from './identity.ts';

/**
 * What `-c name=value` sets of the sample: `placement` (default `serverless`), and `issuer` with `audience` (default:
 * a user pool of the stack).
 *
 * @throws SynthesisError when a value is wrong
 */
export function readSettings(node: Node): Required<Pick<ServerlessPdpStackProps, 'placement'>> & {
  readonly tokens?: TokenIssuer;
} {
  const tokens = readTokens(text(node, 'issuer'), text(node, 'audience'));
  return { placement: readPlacement(text(node, 'placement')), ...(tokens === undefined ? {} : { tokens }) };
}

function readPlacement(value: string | undefined): Placement {
  if (value === undefined) return 'serverless';
  const known = PLACEMENTS.find((placement) => placement === value);
  if (known !== undefined) return known;
  throw new SynthesisError(`placement: "${value}" is not known; use -c placement=${PLACEMENTS.join('|')}`);
}

function readTokens(issuer: string | undefined, audience: string | undefined): TokenIssuer | undefined {
  if (issuer === undefined && audience === undefined) return undefined;
  if (issuer === undefined || audience === undefined) {
    const missing = issuer === undefined ? 'issuer' : 'audience';
    throw new SynthesisError(`${missing}: missing; -c issuer=https://… and -c audience=… go together`);
  }
  if (!URL.canParse(issuer) || new URL(issuer).protocol !== 'https:') {
    throw new SynthesisError(`issuer: "${issuer}" is not an https URL; use the iss claim of your tokens`);
  }
  return { issuer, audience };
}

function text(node: Node, name: string): string | undefined {
  const value: unknown = node.tryGetContext(name);
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new SynthesisError(`${name}: needs a value; use -c ${name}=…`);
}
