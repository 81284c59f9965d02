export type { PathParameters, Routed, RouterEvent } from '../frameworks/routed.ts';
export type { Authorization } from '../middleware/types.ts';
export { type AuthorizationEnv, authorize, type HonoOptions } from './authorize.ts';
