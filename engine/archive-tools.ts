/** What reading an archive needs of the platform. Each may answer at once or later. */
export interface ArchiveTools {
  /**
   * Unpacks gzip; undefined for what has more bytes than the limit, of which no more than that is kept.
   *
   * @throws Error when the bytes are not whole or not gzip
   */
  gunzip(bytes: Uint8Array, limit: number): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** SHA-256 in hexadecimal. */
  sha256(bytes: Uint8Array): string | Promise<string>;
}

/** By what every JavaScript platform has. */
export const WEB_TOOLS: ArchiveTools = { gunzip, sha256 };

async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of packed.pipeThrough(new DecompressionStream('gzip'))) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return concat(chunks);
}

export async function sha256(content: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function concat(chunks: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
