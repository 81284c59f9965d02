import { PdpError } from '../../engine/errors.ts';

/**
 * Writes why there was no decision: one line with the chain of causes when the PDP could not be asked. An error
 * that is not of this kit is a mistake in the function's own code and is written whole, with its stack.
 */
export function logUnavailable(error: Error): void {
  if (error.cause instanceof PdpError) console.error(`${error.name}: ${chain(error.cause)}`);
  else console.error(error);
}

function chain(error: Error): string {
  const said = `${error.name}: ${error.message}`;
  const { cause } = error;
  // A cause that says the same again is left out.
  if (!(cause instanceof Error) || cause.message === '' || error.message.includes(cause.message)) return said;
  return `${said}; ${chain(cause)}`;
}
