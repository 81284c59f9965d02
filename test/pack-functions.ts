import { writeFunctions } from '../scripts/functions.ts';

/** What constructs deploy must be packed before a test synthesizes them. Once for all files: they run side by side. */
export default async function setup(): Promise<void> {
  await writeFunctions('build/functions');
}
