import { apiGatewayAuthorizer } from '../../../lambda/authorizer/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';

export const handler = apiGatewayAuthorizer({
  subject: fromVerifiedJwt({
    type: 'User',
    issuer: 'https://id.example.com/',
    audience: 'notes',
    jwks: JSON.parse(process.env.JWKS ?? ''),
  }),
  action: 'view',
  resource: ({ pathParameters }) => ({ type: 'Note', id: pathParameters?.note ?? '' }),
});
