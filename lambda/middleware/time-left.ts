/** What is left to a function for answering when the time-out is bound by Lambda's own, in milliseconds. */
const ANSWERING_MS = 100;

/** Milliseconds that Lambda leaves for asking; without a limit outside of Lambda. */
export function timeLeft(context: unknown): number {
  const lambda = context as { getRemainingTimeInMillis?: unknown; lambdaContext?: unknown } | undefined;
  // A durable function has the Lambda context inside of its own, as middy knows too.
  for (const owner of [lambda, lambda?.lambdaContext as typeof lambda]) {
    if (typeof owner?.getRemainingTimeInMillis === 'function') {
      const left: unknown = owner.getRemainingTimeInMillis();
      if (typeof left === 'number' && Number.isFinite(left)) return left - ANSWERING_MS;
    }
  }
  return Number.POSITIVE_INFINITY;
}
