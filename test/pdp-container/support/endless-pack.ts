import type { ServerResponse } from 'node:http';

const line = (data: Buffer | string): Buffer => {
  const bytes = Buffer.from(data);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
};
/** A packet of the pack itself, in git's side-band. */
const packed = (...parts: Buffer[]): Buffer => line(Buffer.concat([Buffer.from([1]), ...parts]));

/** Answers a fetch of protocol version 2 with one object that says it has 2^50 bytes, and goes on until it is cut. */
export function sendEndlessPack(response: ServerResponse, commit: string): void {
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\x01', 'latin1');
  const size = [0xb0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
  const zlibHeader = [0x78, 0x01];
  const content = Buffer.alloc(32_768, 'x');
  // A stored block, as deflate has them; never the last.
  const block = packed(Buffer.from([0, 0x00, 0x80, 0xff, 0x7f]), content);
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
  response.write(
    Buffer.concat([
      line('shallow-info\n'),
      line(`shallow ${commit}\n`),
      Buffer.from('0001'),
      line('packfile\n'),
      packed(head, Buffer.from([...size, ...zlibHeader])),
    ]),
  );
  const more = () => {
    while (!response.closed && response.write(block)) {
      // Until there is no more room.
    }
  };
  response.on('drain', more);
  more();
}
