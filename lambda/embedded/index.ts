export { createEmbeddedPdp, type EmbeddedPdp, type EmbeddedPdpOptions } from './embedded.ts';
