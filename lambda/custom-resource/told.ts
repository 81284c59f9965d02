import { CustomResourceError } from './errors.ts';

/** What may be told of an error: ours, in full. Of another only its name and place: its message may quote a secret. */
export function told(error: unknown, log: (message: string) => void): string {
  if (error instanceof CustomResourceError) return error.message;
  const { name, stack = '' } = error instanceof Error ? error : new Error();
  log(
    `unexpected ${name}\n${stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n')}`,
  );
  return `unexpected ${name}: the function's log says where`;
}
