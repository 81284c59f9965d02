import { describe, expect, it } from 'vitest';
import { buildFiles } from '../../compiler/build.ts';
import {
  compareToRunning,
  describePublication,
  type Publication,
  publicationOf,
} from '../../engine/publication.ts';
import { readBuilt } from '../../engine/read-built.ts';
import { bundleOf } from '../bundles.ts';

const publication = (revision: string, sequence?: number): Publication => ({
  revision,
  ...(sequence === undefined ? {} : { sequence }),
});

it.each<[Publication, Publication, ReturnType<typeof compareToRunning>]>([
  [publication('b', 3), publication('a', 2), 'newer'],
  [publication('a', 3), publication('a', 2), 'newer'],
  [publication('a', 2), publication('a', 2), 'same'],
  [publication('b', 2), publication('a', 2), 'other'],
  [publication('b', 1), publication('a', 2), 'older'],
  [publication('a', 1), publication('a', 2), 'older'],
  [publication('b'), publication('a', 1), 'older'],
  [publication('a'), publication('a', 1), 'older'],
  [publication('b', 1), publication('a'), 'newer'],
  [publication('b'), publication('a'), 'newer'],
  [publication('a'), publication('a'), 'same'],
  [{ ...publication('a', 2), content: 'x' }, { ...publication('a', 2), content: 'x' }, 'same'],
  [{ ...publication('a', 3), content: 'y' }, { ...publication('a', 2), content: 'x' }, 'other'],
  [{ ...publication('a'), content: 'y' }, { ...publication('a'), content: 'x' }, 'other'],
  [{ ...publication('a', 3), content: 'y' }, publication('a', 2), 'newer'],
  [publication('a', 2), { ...publication('a', 2), content: 'x' }, 'same'],
])('%j stands to %j as %s', (offered, running, order) => {
  expect(compareToRunning(offered, running)).toBe(order);
});

describe('the sequence in a manifest', () => {
  async function read(sequence: unknown) {
    const files = await buildFiles(await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' }));
    return readBuilt((path) => {
      const text = new TextDecoder().decode(files.get(path) ?? new Uint8Array());
      if (path !== 'manifest.json') return text || undefined;
      return JSON.stringify({ ...JSON.parse(text), sequence });
    });
  }

  it('is read, or is not there', async () => {
    expect((await read(7)).sequence).toBe(7);
    expect(await read(undefined)).not.toHaveProperty('sequence');
  });

  it.each([0, -1, 1.5, '7', null, 2 ** 53, true])('is no %j', async (sequence) => {
    await expect(read(sequence)).rejects.toThrow(
      'manifest.json:1:1: has a sequence that is not a whole number from 1',
    );
  });
});

it.each([
  [{ revision: 'a', sequence: 7, files: {} }, { revision: 'a', sequence: 7 }, 'revision a (publication 7)'],
  [{ revision: 'a', files: {} }, { revision: 'a' }, 'revision a (never published)'],
])('the publication of a manifest is its revision and sequence: %j', (manifest, publication, description) => {
  expect(publicationOf(manifest)).toStrictEqual(publication);
  expect(describePublication(publication)).toBe(description);
});
