import { createRequire } from 'node:module';
import { say } from './legacy.cjs';

// Handlers that need it make their own, under the name that everybody uses.
const require = createRequire(import.meta.url);
const { sep } = require('node:path');

export const handler = async (event) => ({ said: say(event), sep });
