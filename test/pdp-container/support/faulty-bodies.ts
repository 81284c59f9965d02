import type { ServerResponse } from 'node:http';

/** Sends half of what the length of the answer says, then breaks it off, or says no more. */
export function sendHalf(response: ServerResponse, content: Uint8Array, then: 'break' | 'hang'): void {
  response.write(content.subarray(0, content.length >> 1), () => then === 'break' && response.destroy());
}

/** Sends it with another byte in its middle. */
export function sendCorrupt(response: ServerResponse, content: Uint8Array): void {
  const other = Uint8Array.from(content);
  other[other.length >> 1] = (other[other.length >> 1] ?? 0) ^ 0xff;
  response.end(other);
}

/** Sends it over and over, as fast as it is read, until the client goes. */
export function sendEndless(response: ServerResponse, content: Uint8Array): void {
  const more = () => {
    while (!response.destroyed && response.write(content));
  };
  response.on('drain', more);
  more();
}
