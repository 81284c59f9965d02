export { createEmbeddedPdp, type EmbeddedPdp, type EmbeddedPdpOptions } from './embedded.ts';
export type { EmbeddedPdpEvent } from './events.ts';
export type { RefreshedPdpOptions } from './refresh-options.ts';
export { createRefreshedPdp } from './refreshed.ts';
