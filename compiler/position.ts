/** Where something is in a text: lines and columns count from 1, columns in UTF-16 units, as editors do. */
export interface Position {
  line: number;
  column: number;
}

/** The position of a UTF-16 offset. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}

/** Cedar counts in UTF-8 bytes; JavaScript in UTF-16 units. */
export function utf16Offset(text: string, byteOffset: number): number {
  // ASCII, the common case, needs no second look.
  const bytes = Buffer.from(text, 'utf8');
  return bytes.byteLength === text.length
    ? byteOffset
    : bytes.subarray(0, byteOffset).toString('utf8').length;
}
