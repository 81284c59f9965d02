/**
 * Why an expression has no value: Cedar's evaluation error. Not an `Error`: policies fail as a matter of course, and
 * a stack trace would cost more than the decision.
 */
export class EvaluationFailure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Ends the evaluation of a policy. */
export function fail(message: string): never {
  throw new EvaluationFailure(message);
}

/** What was caught, where it is of one of these kinds. @throws anything else again: it answers nothing */
export function caught<T>(error: unknown, ...kinds: (new (message: string) => T)[]): T {
  for (const kind of kinds) if (error instanceof kind) return error;
  throw error;
}
