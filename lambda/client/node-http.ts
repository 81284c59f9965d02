import type * as Dns from 'node:dns';
import type * as Http from 'node:http';
import type * as Https from 'node:https';

/**
 * Node's network modules, loaded when first asked for. An `import` would cost a cold start some 25 ms: it evaluates
 * all that a module exports, and `node:http` exports WebSocket, which loads Node's whole fetch implementation.
 */
export const http = (): typeof Http => process.getBuiltinModule('node:http');
export const https = (): typeof Https => process.getBuiltinModule('node:https');
export const dns = (): typeof Dns => process.getBuiltinModule('node:dns');
