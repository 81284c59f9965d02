import { expect, test } from 'vitest';
import { UrlMap } from '../../compiler/urls/url-map.ts';
import { createPdp } from '../../engine/index.ts';
import { ActiveRevision } from '../../pdp-container/active-revision.ts';
import { bundleOf } from '../bundles.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const failure = (second: number) => ({ at: at(second), problems: [] });

test('it is stale from the first load that failed to the next that did not', async () => {
  const pdp = createPdp(await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' }));
  const active = new ActiveRevision();
  expect(active.staleSince).toBeUndefined();
  active.fail(failure(1));
  active.fail(failure(2));
  expect(active.staleSince).toEqual(at(1));
  expect(active.failure).toEqual(failure(2));
  active.activate(pdp, new UrlMap([]), at(3));
  // One of several sources may still be away.
  expect(active.staleSince).toEqual(at(1));
  active.confirm();
  expect(active.staleSince).toBeUndefined();
  active.fail(failure(4));
  active.fail(failure(5));
  expect(active.staleSince).toEqual(at(4));
  active.confirm();
  expect(active.staleSince).toBeUndefined();
  expect(active.failure).toBeUndefined();
});

test('what was kept is that until a source confirms it', async () => {
  const pdp = createPdp(await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' }));
  const active = new ActiveRevision();
  active.activate(pdp, new UrlMap([]), at(1), true);
  active.fail(failure(2));
  expect(active.kept).toBe(true);
  active.confirm();
  expect([active.kept, active.failure]).toEqual([false, undefined]);
});
