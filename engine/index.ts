export type { Bundle, Manifest } from './bundle.ts';
export type * from './cedar-json.ts';
export type * from './contract.ts';
export * from './errors.ts';
