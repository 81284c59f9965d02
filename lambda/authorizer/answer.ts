import type { Decision, Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import type { AuthorizerContext, AuthorizerResult } from './types.ts';

/** Who is named where a policy must name somebody, and nobody is known. */
const NOBODY = 'unknown';

/** Makes the answer to one event. Without a decision it is a deny. */
export type Answer = (decision: Decision, subject?: Subject) => AuthorizerResult;

/**
 * How this event is to be answered.
 *
 * @throws ConfigurationError when it is not one of an authorizer of the kind REQUEST
 */
export function answerTo(event: unknown, response: 'simple' | 'policy'): Answer {
  const { version, type, routeArn, methodArn } = (event ?? {}) as Record<string, unknown>;
  if (version === '2.0' && type === 'REQUEST') {
    return response === 'simple' ? simpleAnswer : policyAnswer(parseArn(routeArn));
  }
  if (type === 'REQUEST') return policyAnswer(parseArn(methodArn));
  throw new ConfigurationError(
    'apiGatewayAuthorizer: the event is not one of a Lambda authorizer of the kind REQUEST; ' +
      'use the function for nothing else',
  );
}

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html */
const simpleAnswer: Answer = (decision, subject) => ({
  isAuthorized: decision.decision,
  context: contextOf(decision, subject),
});

/**
 * A policy for the request that was asked about and no other, so that one which API Gateway keeps allows nothing else.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
 */
function policyAnswer(arn: string): Answer {
  return (decision, subject) => {
    // The path in the ARN is the caller's. In a policy `*` and `?` stand for others, and `${` for a variable:
    // a kept permit for `/notes/*` would be one for every note.
    const isPattern = /[*?]|\$\{/.test(arn);
    const isPermit = decision.decision && !isPattern;
    return {
      principalId: subject?.id ?? NOBODY,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: isPermit ? 'Allow' : 'Deny',
            // One character for one, so that a kept deny is not wider than it must be.
            Resource: isPattern ? arn.replaceAll(/[*$]/g, '?') : arn,
          },
        ],
      },
      context: contextOf({ ...decision, decision: isPermit }, subject),
    };
  };
}

function parseArn(value: unknown): string {
  if (typeof value === 'string' && /^arn:[^:/]+:execute-api:[^:/]*:[^:/]*:[^:/]+\/./s.test(value))
    return value;
  throw new ConfigurationError('apiGatewayAuthorizer: the event has no ARN of the method that is asked for');
}

/** What goes on to the integration, and to AppSync's resolvers: text alone, without nesting. */
export function contextOf({ decision, context }: Decision, subject: Subject | undefined): AuthorizerContext {
  const { revision, policies } = context ?? {};
  return {
    ...(subject === undefined ? {} : { subjectType: subject.type, subjectId: subject.id }),
    ...(typeof revision === 'string' ? { revision } : {}),
    ...(decision && isTexts(policies) ? { policies: JSON.stringify(policies) } : {}),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
