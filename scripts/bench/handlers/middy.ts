// In middy, without a middleware.
import { middyAlone } from '../function.ts';

export const handler = middyAlone();
