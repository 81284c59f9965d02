import { type BuildOptions, buildArchive } from '../../../compiler/index.ts';
import { bundleOf, files } from '../../bundles.ts';
import type { BundleFiles } from './bundles.ts';

/** A bundle as it is published. */
export interface Publication {
  archive: Uint8Array;
  revision: string;
}

/** Builds text that must be a good bundle. */
export async function publicationOf(contents: BundleFiles, options: BuildOptions = {}): Promise<Publication> {
  const bundle = await bundleOf(contents);
  return { archive: await buildArchive(bundle, files(contents), options), revision: bundle.revision };
}
