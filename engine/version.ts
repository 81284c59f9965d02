/** The version of the kit. What another one checked is checked again. */
export const VERSION = '0.1.0';
