// A function of Lambda with nothing in it.
import { bare } from '../function.ts';

export const handler = bare();
