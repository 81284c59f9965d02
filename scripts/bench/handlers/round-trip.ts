// Asks the PDP with Node's own means and nothing of the kit: the least that a question over HTTP costs.
import { middyAlone } from '../function.ts';

const answer = middyAlone();

export const handler: typeof answer = async (event, context) => {
  const { request } = process.getBuiltinModule('node:http');
  const body = JSON.stringify({
    subject: { type: 'User', id: 'bob' },
    action: { name: 'edit' },
    resource: { type: 'Note', id: event.pathParameters?.note },
  });
  await new Promise<void>((resolve, reject) => {
    request(`${process.env.PDP_URL}/access/v1/evaluation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
      .on('error', reject)
      .on('response', (response) => response.on('end', resolve).resume())
      .end(body);
  });
  return answer(event, context);
};
