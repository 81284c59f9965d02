import { createPdpClient, PdpAuthenticationError } from 'serverless-pdp/client';

const [url, apiKey] = process.argv.slice(2);
const question = (user, action) => ({
  subject: { type: 'User', id: user },
  action: { name: action },
  resource: { type: 'Note', id: 'acme/roadmap' },
});
// A busy machine may take longer than the default 500 ms.
const patience = { attemptTimeoutMs: 10_000, timeoutMs: 20_000 };
const client = createPdpClient({ url, apiKey, ...patience });
const one = await client.evaluate(question('bob', 'edit'));
const all = await client.evaluateAll([question('carol', 'view'), question('carol', 'edit')]);
client.close();
const stranger = createPdpClient({ url, apiKey: 'guessed', ...patience });
const refused = await stranger.evaluate(question('bob', 'edit')).catch((error) => error);
stranger.close();
console.log(
  JSON.stringify({
    one: one.decision,
    policies: one.context.policies,
    all: all.map(({ decision }) => decision),
    refused: refused instanceof PdpAuthenticationError,
  }),
);
