import { UsageError } from '../terminal/exit.ts';
import { parseStoreAddress } from './address.ts';
import { withStore } from './store.ts';

/** Reads the archive at `s3://bucket/key`, or at one version of it. @throws UsageError */
export async function readStored(address: string): Promise<Uint8Array> {
  const stored = await withStore(undefined, parseStoreAddress(address), (store) => store.read());
  if (stored === undefined) throw new UsageError(`${address}: nothing is there`);
  return stored.archive;
}
