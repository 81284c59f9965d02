import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the kit's own files are. Constructs name them by path and import none: infrastructure code runs at synth,
 * runtime code in the container and the functions.
 */
const sourceExtension = extname(import.meta.url);
const inCheckout = sourceExtension === '.ts';

/** The folder that `bin/`, `lib/` and `lambda/` are in: the checkout, or `dist/` of the published package. */
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A module of the kit; named without its extension, which differs between checkout and package. */
export function kitModule(path: string): string {
  return join(root, `${path}${sourceExtension}`);
}

/** The container image's build context, without a bundle. */
export const imageContextDirectory = join(root, inCheckout ? 'build/image' : 'image');

/** A function that constructs deploy for themselves, packed: a folder with `index.mjs`. */
export function kitFunction(name: string): string {
  return join(root, inCheckout ? 'build/functions' : 'functions', name);
}

/** The build context of the sample's own image, for its placement beside the PDP. In the checkout only. */
export const sampleAppContext = join(root, 'build/sample-app');

/** The sample's policies, entities and tests. */
export const samplePolicies = join(root, 'pdp-container/policies');

/** The version of this package. */
export function kitVersion(): string {
  const path = join(root, inCheckout ? 'package.json' : '../package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
