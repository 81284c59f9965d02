import { readTarGz } from '../../../engine/archive.ts';

/** The files of a `.tar.gz`, as text. */
export async function unpacked(archive: Uint8Array): Promise<Record<string, string>> {
  const files = await readTarGz(archive);
  return Object.fromEntries([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
}
