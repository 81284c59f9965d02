export { fromVerifiedJwt, type VerifiedJwtExtractor, type VerifiedJwtOptions } from './from-verified-jwt.ts';
