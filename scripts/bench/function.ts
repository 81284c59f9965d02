import middy from '@middy/core';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { authorize, fromJwtClaims, type PolicyDecisionPoint } from '../../lambda/middleware/index.ts';

type Answer = { statusCode: number };
/** A function as Lambda calls it. */
export type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<Answer>;

/** A handler and nothing else. */
export function bare(): Handler {
  return async () => ({ statusCode: 200 });
}

/** A handler in middy, without a middleware. */
export function middyAlone(): Handler {
  return middy<APIGatewayProxyEventV2, Answer>().handler(async () => ({
    statusCode: 200,
  })) as unknown as Handler;
}

/** @param timeoutMs for the decision; by default what is measured is not cut off */
export function authorized(pdp: PolicyDecisionPoint, timeoutMs = 10_000): Handler {
  return middy<APIGatewayProxyEventV2>()
    .use(
      authorize({
        subject: fromJwtClaims({ type: 'User' }),
        action: 'edit',
        resource: (event: APIGatewayProxyEventV2) => ({ type: 'Note', id: event.pathParameters?.note ?? '' }),
        pdp,
        timeoutMs,
        logger: false,
      }),
    )
    .handler(async () => ({ statusCode: 200 })) as unknown as Handler;
}

/** As API Gateway sends it for bob, who may. */
export const EVENT = {
  pathParameters: { note: 'acme/roadmap' },
  requestContext: { authorizer: { jwt: { claims: { sub: 'bob' } } } },
} as unknown as APIGatewayProxyEventV2;

/** Calls a function for bob. @throws Error unless it answers 200 */
export async function call(handler: Handler): Promise<void> {
  const { statusCode } = await handler(EVENT, { getRemainingTimeInMillis: () => 30_000 } as Context);
  if (statusCode !== 200) throw new Error(`the function answered ${statusCode}`);
}
