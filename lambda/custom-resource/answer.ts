import { CustomResourceError } from './errors.ts';
import type { Request } from './request.ts';

/** Milliseconds in which the answer must be taken. */
const TIMEOUT_MS = 10_000;

export type Outcome =
  | { readonly status: 'SUCCESS'; readonly data?: Readonly<Record<string, string>> }
  | { readonly status: 'FAILED'; readonly reason: string };

/**
 * Answers CloudFormation, which waits for it at the request's URL.
 *
 * @throws CustomResourceError when the answer is not taken, so that Lambda invokes the function again
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export async function answer(request: Request, physicalResourceId: string, outcome: Outcome): Promise<void> {
  const body = JSON.stringify({
    Status: outcome.status,
    Reason: outcome.status === 'FAILED' ? outcome.reason : undefined,
    PhysicalResourceId: physicalResourceId,
    StackId: request.stackId,
    RequestId: request.requestId,
    LogicalResourceId: request.logicalResourceId,
    Data: outcome.status === 'SUCCESS' ? outcome.data : undefined,
  });
  let status: number;
  try {
    const response = await fetch(request.responseUrl, {
      method: 'PUT',
      // As bytes: a string would be sent with a content type, which the URL's signature does not cover.
      body: new TextEncoder().encode(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    status = response.status;
  } catch (error) {
    throw new CustomResourceError(`CloudFormation's URL did not take the answer: ${(error as Error).name}`);
  }
  if (status !== 200)
    throw new CustomResourceError(`CloudFormation's URL did not take the answer: status ${status}`);
}
