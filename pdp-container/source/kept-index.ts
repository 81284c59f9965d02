import type { Publication } from '../../engine/publication.ts';
import type { KeptFile } from './kept-files.ts';

/** One source over a network, in a kept set. */
export interface KeptLayer extends Publication, KeptFile {
  /** Of the source. */
  name: string;
}

/** What is known of a kept set. */
export interface KeptIndex {
  /** Names of all sources of the set, in order; of those on this machine nothing is kept. */
  sources: string[];
  /** Of all of them together, when they were kept. */
  revision: string;
  /** When the sources last said that this is what they have. */
  confirmedAt: Date;
  layers: KeptLayer[];
}

/** Version of the layout. */
const FORMAT = 1;

export function writeIndex({ confirmedAt, ...index }: KeptIndex): string {
  return `${JSON.stringify({ format: FORMAT, ...index, confirmedAt: confirmedAt.toISOString() }, null, 2)}\n`;
}

/** @returns undefined when the text is none that {@link writeIndex} writes */
export function readIndex(text: string): KeptIndex | undefined {
  const value = parsed(text);
  const { sources, revision, confirmedAt, layers } = value;
  const at = new Date(typeof confirmedAt === 'string' ? confirmedAt : Number.NaN);
  const names = Array.isArray(sources) ? sources.filter(isText) : [];
  const kept = Array.isArray(layers) ? layers.map(readLayer) : [];
  const good =
    value.format === FORMAT &&
    isText(revision) &&
    !Number.isNaN(at.getTime()) &&
    names.length === (sources as unknown[] | undefined)?.length &&
    kept.length > 0 &&
    kept.every((layer) => layer !== undefined && names.includes(layer.name));
  if (!good) return undefined;
  return { sources: names, revision, confirmedAt: at, layers: kept as KeptLayer[] };
}

function readLayer(value: unknown): KeptLayer | undefined {
  const { name, file, sha256, revision, sequence } = recordOf(value);
  if (!isText(name) || !isText(file) || !isText(sha256) || !isText(revision)) return undefined;
  // Nothing but an archive beside the index.
  if (!/^[0-9a-f]{64}\.tar\.gz$/.test(file)) return undefined;
  if (sequence === undefined) return { name, file, sha256, revision };
  return Number.isSafeInteger(sequence)
    ? { name, file, sha256, revision, sequence: sequence as number }
    : undefined;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
