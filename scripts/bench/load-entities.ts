// Loads a file of entities, updates some and decides, in a process that does nothing else. Prints what it took.
import { closeSync, openSync, readSync } from 'node:fs';
import { createEngine } from '../../engine/index.ts';
import type { Loaded } from './entities.ts';
import { median } from './measure.ts';

const POLICY = {
  effect: 'permit' as const,
  principal: { op: 'in', entity: { type: 'Group', id: 'group-7' } },
  action: { op: '==', entity: { type: 'Action', id: 'view' } },
  resource: { op: 'All' },
  conditions: [],
};
const UPDATES = 51;
const DECISIONS = 100_000;
const PIECE = 64 * 1_024;

/** A file in pieces. */
function* piecesOf(path: string): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  const piece = new Uint8Array(PIECE);
  for (let size = readSync(descriptor, piece); size > 0; size = readSync(descriptor, piece)) {
    yield piece.subarray(0, size);
  }
  closeSync(descriptor);
}

const [file = ''] = process.argv.slice(2);
const started = performance.now();
const engine = createEngine({
  policies: { staticPolicies: { policy0: POLICY } },
  entities: piecesOf(file),
});
const seconds = (performance.now() - started) / 1_000;
const rssMegabytes = process.memoryUsage.rss() / 1_000_000;

const request = (n: number) => ({
  principal: { type: 'User', id: `user-${n}` },
  action: { type: 'Action', id: 'view' },
  resource: { type: 'Document', id: 'plan' },
});
const member = (n: number) => n % 1_000 === 7;
const updates = Array.from({ length: UPDATES }, (_, index) => {
  // Into another group and into the one that the policy names: the next decision must know.
  const n = index * 1_000 + 8;
  const begun = performance.now();
  engine.upsertEntities([
    {
      uid: { type: 'User', id: `user-${n}` },
      attrs: { department: 'department-1', level: 3 },
      parents: [{ type: 'Group', id: 'group-7' }],
    },
  ]);
  const took = performance.now() - begun;
  if (engine.isAuthorized(request(n)).decision !== 'allow') throw new Error('the update did not count');
  return took;
});
const begun = performance.now();
for (let index = 0; index < DECISIONS; index += 1) {
  const n = (index * 7_919) % engine.size;
  const moved = n % 1_000 === 8 && n < UPDATES * 1_000;
  if ((engine.isAuthorized(request(n)).decision === 'allow') !== (member(n) || moved)) {
    throw new Error(`the engine decided otherwise for user-${n}`);
  }
}
const decisionMicros = ((performance.now() - begun) * 1_000) / DECISIONS;
const loaded: Loaded = {
  seconds,
  rssMegabytes,
  updateMs: median(updates),
  slowestUpdateMs: Math.max(...updates),
  decisionMicros,
};
console.log(JSON.stringify(loaded));
