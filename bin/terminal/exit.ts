/** What the `pdp` command ends with. */
export const EXIT = {
  ok: 0,
  /** Denied, a failed test, not healthy. */
  negative: 1,
  /** The command line or its input is wrong. */
  usage: 2,
} as const;

/** The command line or its input is wrong; the message is all that the user sees. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
