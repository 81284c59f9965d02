import { promisify } from 'node:util';
import { constants, createGunzip, gunzip, gunzipSync } from 'node:zlib';
import { codeOf } from '../errno.ts';
import { tooLarge } from './http-get.ts';
import { SourceError } from './remote-source.ts';

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Whether the checksum and length at the end of gzip hold. An archive that was damaged on its way would be refused
 * later, too, but by then its ETag would count as known, and nobody would ask for the whole one.
 *
 * @param maxBytes most that is unpacked to find out; what is longer passes, and is refused by who reads it
 */
export async function isUndamaged(archive: Uint8Array, maxBytes: number): Promise<boolean> {
  const unpacked = createGunzip();
  unpacked.end(archive);
  let size = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * The archive in a body, whatever its Content-Encoding says, which was asked not to be: servers of files call a
 * `.tar.gz` a tar that is encoded with gzip, which leaves the body what it is; a proxy that compresses puts a second
 * gzip around it.
 *
 * @param maxBytes most that is unpacked
 * @throws SourceError
 */
export async function withoutEncoding(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  if (name !== 'gzip' && name !== 'x-gzip') {
    throw new SourceError('it sends the archive in another Content-Encoding than it was asked for');
  }
  if (!isGzip(body) || !isGzip(beginning(body))) return body;
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new SourceError('its Content-Encoding is gzip, which the answer is not');
  }
}

/** The first bytes of what is packed. */
function beginning(body: Uint8Array): Uint8Array {
  try {
    // Of so little no more than half a megabyte can come.
    return gunzipSync(body.subarray(0, 512), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array();
  }
}
