import { UsageError } from './exit.ts';

const NAME = 'PDP_SOURCE_TOKEN';

/**
 * What each source is asked with, by its position: `PDP_SOURCE_TOKEN` for the only one that takes a token, which
 * those over HTTPS do, or `PDP_SOURCE_TOKEN_1` for the first source, and so on.
 *
 * @throws UsageError when it is not clear which source one is for, or that one takes none
 */
export function sourceTokens(sources: readonly string[], env: NodeJS.ProcessEnv): (string | undefined)[] {
  const tokens = sources.map((_, index) => env[`${NAME}_${index + 1}`]);
  const taking = sources.flatMap((source, index) => (takesToken(source) ? [index] : []));
  const only = env[NAME];
  if (only !== undefined && taking.length > 0) {
    const [first = 0, ...others] = taking;
    if (others.length > 0) {
      throw new UsageError(
        `several SOURCEs may take ${NAME}: set ${NAME}_${first + 1} for the one it is for`,
      );
    }
    tokens[first] ??= only;
  }
  for (const name of Object.keys(env)) {
    const position = /^PDP_SOURCE_TOKEN_(.*)$/.exec(name)?.[1];
    if (position === undefined || taking.some((index) => String(index + 1) === position)) continue;
    throw new UsageError(`${name} is set, and SOURCE ${position} is none over HTTPS, which would take it`);
  }
  const empty = tokens.indexOf('');
  if (empty >= 0) throw new UsageError(`${NAME}, or ${NAME}_${empty + 1}, is set but empty`);
  return tokens;
}

function takesToken(source: string): boolean {
  return /^(?:git\+)?https?:\/\//i.test(source);
}
