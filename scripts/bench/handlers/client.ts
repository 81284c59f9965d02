// Asks the PDP with the remote client, without the middleware.
import { createPdpClient } from '../../../lambda/client/index.ts';
import type { Handler } from '../function.ts';

const pdp = createPdpClient({ url: process.env.PDP_URL ?? '' });

export const handler: Handler = async ({ pathParameters }) => {
  const { decision } = await pdp.evaluate({
    subject: { type: 'User', id: 'bob' },
    action: { name: 'edit' },
    resource: { type: 'Note', id: pathParameters?.note ?? '' },
  });
  return { statusCode: decision ? 200 : 403 };
};
