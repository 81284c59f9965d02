export * from './embedded-pdp.ts';
export * from './fargate-pdp.ts';
export * from './isolated-network.ts';
export type { IPdp, PdpGrantee } from './pdp.ts';
export * from './pdp-authorizer.ts';
export * from './protected-function.ts';
export type { TokenIssuer } from './sample/identity.ts';
export * from './serverless-pdp-stack.ts';
export { SynthesisError } from './synthesis-error.ts';
