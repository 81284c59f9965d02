import { UsageError } from '../terminal/exit.ts';

/**
 * Loads a package of the AWS SDK, for the commands that need it alone: the others start without it, and the
 * container may not have it.
 *
 * @throws UsageError where it is not installed
 */
export async function sdk<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      `${name} is not here: run this where serverless-pdp is installed with npm; the container does not have it`,
    );
  }
}
