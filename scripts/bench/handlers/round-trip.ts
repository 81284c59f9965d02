// Asks the PDP with Node's own means and nothing of the kit: the least that a question over HTTP costs.
import type { Handler } from '../function.ts';

const { request } = process.getBuiltinModule('node:http');

export const handler: Handler = async ({ pathParameters }) => {
  const body = JSON.stringify({
    subject: { type: 'User', id: 'bob' },
    action: { name: 'edit' },
    resource: { type: 'Note', id: pathParameters?.note },
  });
  const statusCode = await new Promise<number>((resolve, reject) => {
    request(`${process.env.PDP_URL}/access/v1/evaluation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
      .on('error', reject)
      .on('response', (response) => response.on('end', () => resolve(response.statusCode ?? 0)).resume())
      .end(body);
  });
  return { statusCode };
};
