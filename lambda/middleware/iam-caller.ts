import type { Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions } from '../options.ts';
import type { SubjectExtractor } from './claims.ts';
import type { AppSyncEvent, HttpEvent } from './event-kinds.ts';
import { ownAt } from './own.ts';

/** How an IAM identity becomes a subject. */
export interface IamCallerOptions {
  /** The subject's type: `Service`. */
  type: string;
  /**
   * Whether the id of one who assumed a role has the name of the session, too. Whoever assumes the role chooses it,
   * unless the role's trust policy says otherwise: without it everybody with the role is the same subject,
   * `arn:aws:sts::123456789012:assumed-role/Notes`.
   *
   * @default false
   */
  session?: boolean;
}

/** Where AWS writes whose signature it has verified; nobody else can write there. */
const ARNS = [
  // An HTTP API or a function URL with AWS_IAM.
  ['requestContext', 'authorizer', 'iam', 'userArn'],
  // A REST API, or a WebSocket API on $connect, with AWS_IAM.
  ['requestContext', 'identity', 'userArn'],
  // AppSync with AWS_IAM.
  ['identity', 'userArn'],
] as const;

/** `arn:aws:sts::123456789012:assumed-role/Notes/session`. */
const ARN = /^arn:[^:]+:(?:iam|sts)::(\d{12}):.+$/s;
const ASSUMED_ROLE = /^(arn:[^:]+:sts::\d{12}:assumed-role\/[^/]+)\/.+$/s;

/**
 * The subject from the signature (SigV4) that API Gateway, a function URL or AppSync has verified, with `AWS_IAM` as
 * their authorization. Its id is the caller's ARN, and it has the property `accountId`.
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function fromIamCaller(options: IamCallerOptions): SubjectExtractor<HttpEvent | AppSyncEvent> {
  const owner = 'fromIamCaller';
  const raw = parseOptions(owner, options, ['type', 'session']);
  const type = nonEmptyString(owner, 'type', raw.type);
  const session = raw.session ?? false;
  if (typeof session !== 'boolean') throw new ConfigurationError(`${owner}: session must be true or false`);
  return (event): Subject | undefined => {
    const found = ARNS.map((path) => ownAt(event, path)).filter((value) => typeof value === 'string');
    const [arn] = found;
    // Of two that differ neither is believed: no event of AWS's has them.
    if (arn === undefined || found.some((other) => other !== arn)) return undefined;
    const accountId = ARN.exec(arn)?.[1];
    if (accountId === undefined) return undefined;
    const id = session ? arn : (ASSUMED_ROLE.exec(arn)?.[1] ?? arn);
    return { type, id, properties: { accountId } };
  };
}
