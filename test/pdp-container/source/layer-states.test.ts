import { expect, it } from 'vitest';
import type { Layer } from '../../../pdp-container/source/layer.ts';
import { LayerStates } from '../../../pdp-container/source/layer-states.ts';

type Known = { -readonly [Key in 'name' | 'remote' | 'checkedAt' | 'problem']: Layer[Key] };

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

/** Two layers, one over a network and one on this machine. */
function states() {
  const remote: Known = { name: 's3://bucket/key', remote: true, checkedAt: undefined, problem: undefined };
  const local: Known = { name: '/own', remote: false, checkedAt: undefined, problem: undefined };
  // What is looked at is what a layer says of itself; nothing is asked of it.
  const layers = [remote, local] as unknown as Layer[];
  return { remote, local, layer: layers[0] as Layer, own: new LayerStates(layers) };
}

const ACTIVE = [{ revision: 'r', sequence: 2 }, { revision: 'l' }];

it('tells when all sources last said that what is active is what they have', () => {
  const { remote, local, layer, own } = states();
  remote.checkedAt = at(1);
  local.checkedAt = at(2);
  expect(own.confirmedAt).toBeUndefined();
  own.taken(ACTIVE);
  expect(own.confirmedAt).toEqual(at(1));
  remote.checkedAt = at(5);
  own.confirmed(layer);
  expect(own.confirmedAt).toEqual(at(2));
  // Files of this machine are looked at without being told.
  local.checkedAt = at(6);
  expect(own.confirmedAt).toEqual(at(5));
});

it('tells it no more once a source has something else that is not good', () => {
  const { remote, local, layer, own } = states();
  remote.checkedAt = at(1);
  local.checkedAt = at(3);
  own.taken(ACTIVE);
  own.refused();
  expect(own.current).toBe(false);
  // It still has what is not good.
  remote.checkedAt = local.checkedAt = at(9);
  own.confirmed(layer);
  expect(own.confirmedAt).toEqual(at(1));
  own.taken(ACTIVE);
  expect([own.current, own.confirmedAt]).toEqual([true, at(9)]);
});

it('tells of a kept set when its sources said so then', () => {
  const { local, layer, own } = states();
  local.checkedAt = at(9);
  own.takenFromKept(ACTIVE, at(1));
  own.confirmed(layer);
  expect([own.current, own.confirmedAt]).toEqual([false, at(1)]);
});

it('tells what of each source is active, and what is wrong with it', () => {
  const { remote, local, own } = states();
  expect(own.problems).toMatchObject([{ file: 's3://bucket/key', message: 'has not answered yet' }]);
  remote.problem = 'answered 503';
  local.checkedAt = at(1);
  expect(own.problems).toMatchObject([{ file: 's3://bucket/key', message: 'answered 503' }]);
  own.taken(ACTIVE);
  expect(own.sources).toEqual([
    { name: 's3://bucket/key', checkedAt: undefined, active: ACTIVE[0], problem: 'answered 503' },
    { name: '/own', checkedAt: at(1), active: ACTIVE[1], problem: undefined },
  ]);
  expect(own.names).toEqual(['s3://bucket/key', '/own']);
});
