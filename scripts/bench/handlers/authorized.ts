// With the middleware and the PDP of its environment, which begins to load with the module.
import { pdpFromEnvironment } from '../../../lambda/middleware/index.ts';
import { authorized } from '../function.ts';

export const handler = authorized(pdpFromEnvironment());
