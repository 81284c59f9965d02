/** The app cannot be synthesized as it stands. The message is for people: what is wrong and what to do. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}
