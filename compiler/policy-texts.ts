import type { PolicyJson } from '../engine/index.ts';
import { type Files, isBundleFile } from './files.ts';
import { textFiles } from './layer.ts';
import { parsePolicies } from './policies.ts';
import { positionAt } from './position.ts';

/** A policy or template as it is written. */
export interface PolicyText {
  id: string;
  isTemplate: boolean;
  /** From its first annotation or keyword to its `;`. */
  text: string;
  file: string;
  line: number;
  json: PolicyJson;
}

/** The policies and templates of a good bundle, in the order of files and lines. */
export function policyTexts(files: Files): PolicyText[] {
  const written = textFiles([{ files }], (path) => isBundleFile(path) && path.endsWith('.cedar'), []);
  return parsePolicies(written, []).map(({ id, template, json, piece }) => ({
    id,
    isTemplate: template,
    text: piece.text,
    file: piece.file,
    line: positionAt(piece.source, piece.offset).line,
    json,
  }));
}
