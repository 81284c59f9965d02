/**
 * A stand-in for S3, run inside a network namespace on its loopback interface. Each line of its input is an order; it
 * prints where it is, `read` for each object that was asked for, and `done` for each order.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type S3Fault, startS3Server } from '../../pdp-container/support/s3-server.ts';

export type StoreOrder =
  | { order: 'put'; file: string }
  | { order: 'fault'; fault: S3Fault | undefined }
  | { order: 'up' | 'down' };

const server = await startS3Server({ buckets: { policies: { region: 'eu-central-1' } } });
server.before = ({ operation }) => {
  if (operation === 'GetObject') console.log('read');
};
console.log(JSON.stringify({ env: { ...server.env, AWS_REGION: 'eu-central-1' } }));

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line) as StoreOrder;
  if (given.order === 'put') server.put('policies', 'bundle.tar.gz', await readFile(given.file));
  else if (given.order === 'fault') server.fault = given.fault;
  else server[given.order]();
  console.log('done');
}
await server.close();
