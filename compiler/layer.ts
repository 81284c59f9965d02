import type { Problem } from '../engine/index.ts';
import type { Files, TextFile } from './files.ts';

/** One of the sets of files that make a bundle together. */
export interface Layer {
  /** For people: where it is. @default it is the only one, and paths are told without it */
  name?: string;
  files: Files;
  /** As its manifest says. @default from its files */
  revision?: string;
}

/** A path of a layer, for people: one that opens the file, where the layer is a directory. */
export function pathIn({ name }: Pick<Layer, 'name'>, path: string): string {
  if (name === undefined) return path;
  return path === '.' ? name : `${name}/${path}`;
}

/**
 * The files that match, as text, layer by layer and in the order of their paths. A file that is not UTF-8 is a
 * problem.
 *
 * @param matches is given paths inside a layer
 */
export function textFiles(
  layers: readonly Layer[],
  matches: (path: string) => boolean,
  problems: Problem[],
): TextFile[] {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const found: TextFile[] = [];
  for (const [index, layer] of layers.entries()) {
    for (const inner of [...layer.files.keys()].filter(matches).sort()) {
      const path = pathIn(layer, inner);
      const place = layers.length > 1 ? { layer: { position: index + 1, path: inner } } : {};
      try {
        found.push({ path, text: decoder.decode(layer.files.get(inner)), ...place });
      } catch {
        problems.push({ severity: 'error', file: path, line: 1, column: 1, message: 'is not UTF-8 text' });
      }
    }
  }
  return found;
}

/** Those of several layers that have no file of a bundle, as a directory has that nothing was mounted at. */
export function layersWithout(layers: readonly Layer[], isBundleFile: (path: string) => boolean): Layer[] {
  if (layers.length === 1) return [];
  return layers.filter(({ files }) => ![...files.keys()].some(isBundleFile));
}
