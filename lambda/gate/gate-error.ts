/** The gate stays closed; the message says why, and is all that is told of it. */
export class GateError extends Error {
  override readonly name = 'GateError';
}
