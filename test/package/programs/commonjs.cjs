// Functions are bundled as CommonJS by default, and CDK apps may be written in it.
const kinds = {};
for (const [path, name] of [
  ['middleware', 'authorize'],
  ['with-authorization', 'withAuthorization'],
  ['powertools', 'authorize'],
  ['hono', 'authorize'],
  ['records', 'authorizeRecords'],
  ['observe', 'observe'],
  ['testing', 'FakePdp'],
  ['authorizer', 'apiGatewayAuthorizer'],
  ['verified-jwt', 'fromVerifiedJwt'],
  ['client', 'createPdpClient'],
  ['embedded', 'createEmbeddedPdp'],
  ['observe', 'observe'],
  ['testing', 'FakePdp'],
  ['engine', 'createPdp'],
  ['compiler', 'compileDirectory'],
]) {
  kinds[path] = typeof require(`serverless-pdp/${path}`)[name];
}
console.log(JSON.stringify(kinds));
