// A function as Lambda has it: its own directory, the layer's path in the environment.
const [code, bundle] = process.argv.slice(2);
process.env.PDP_BUNDLE = bundle;
const { handler } = await import(`${code}/index.mjs`);
const view = async (sub) => {
  const event = {
    pathParameters: { note: 'acme/roadmap' },
    requestContext: { authorizer: { jwt: { claims: { sub } } } },
  };
  return (await handler(event, { getRemainingTimeInMillis: () => 30_000 })).statusCode;
};
// The evaluator may take longer to load on a busy machine than a request waits for it.
for (let attempt = 0; attempt < 30 && (await view('carol')) === 503; attempt += 1);
console.log(JSON.stringify([await view('carol'), await view('erin'), await view(undefined)]));
