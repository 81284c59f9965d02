import { DEFAULT_FETCH_LIMITS, SourceError } from '../../pdp-container/source/remote-source.ts';
import { openRemote } from '../../pdp-container/source/source.ts';
import { UsageError } from './exit.ts';

/** Reads the archive at an address, as a PDP that serves it does. @throws UsageError or ConfigurationError */
export async function fetchRemote(address: string, token: string | undefined): Promise<Uint8Array> {
  const source = await openRemote(address, {
    limits: DEFAULT_FETCH_LIMITS,
    ...(token === undefined ? {} : { token }),
  });
  if (source === undefined) throw new UsageError(`${address}: no such directory or file`);
  try {
    const fetched = await source.fetch(undefined, new AbortController().signal);
    if (fetched === undefined) throw new UsageError(`${source.name}: it has nothing to give`);
    return fetched.archive;
  } catch (error) {
    if (error instanceof SourceError) throw new UsageError(`${source.name}: ${error.message}`);
    throw error;
  } finally {
    source.close?.();
  }
}
