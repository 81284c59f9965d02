import { createPdp, type EntityJson, type ResourceSearch } from '../../engine/index.ts';
import { bestMedian } from './measure.ts';
import { atMost, type Outcome } from './report.ts';
import type { Row } from './table.ts';

const CANDIDATES = 100_000;
const FOLDERS = 100;
const ROUNDS = 9;

const scope = (op: string, type?: string, id?: string) =>
  type === undefined ? { op } : { op, entity: { type, id } };
const attribute = (variable: string, attr: string) => ({ '.': { left: { Var: variable }, attr } });
const VIEW = scope('==', 'Action', 'view');

/** Policies whose searches look at all candidates, or only at those of one folder. */
const POLICIES = {
  everywhere: {
    effect: 'permit' as const,
    principal: scope('All'),
    action: VIEW,
    resource: { op: 'is', entity_type: 'Document' },
    conditions: [
      {
        kind: 'when' as const,
        body: { '==': { left: attribute('resource', 'owner'), right: attribute('principal', 'team') } },
      },
    ],
  },
  'one folder': {
    effect: 'permit' as const,
    principal: scope('All'),
    action: scope('==', 'Action', 'edit'),
    resource: scope('in', 'Folder', 'folder-7'),
    conditions: [],
  },
};

/** Resource search in process: the first page of 100. */
export async function benchSearch(): Promise<Outcome> {
  const documents = Array.from(
    { length: CANDIDATES },
    (_, n): EntityJson => ({
      uid: { type: 'Document', id: `document-${n}` },
      attrs: { owner: `team-${n % 1_000}`, title: `Document ${n}` },
      parents: [{ type: 'Folder', id: `folder-${n % FOLDERS}` }],
    }),
  );
  const alice = { uid: { type: 'User', id: 'alice' }, attrs: { team: 'team-7' }, parents: [] };
  const pdp = createPdp({
    revision: 'bench',
    namespace: '',
    policies: { staticPolicies: POLICIES, templates: {}, templateLinks: [] },
    entities: [alice, ...documents],
  });
  const search = (action: string): ResourceSearch => ({
    subject: { type: 'User', id: 'alice' },
    action: { name: action },
    resource: { type: 'Document' },
  });
  const page = async (action: string) => {
    const started = performance.now();
    const { results } = await pdp.searchResources(search(action));
    if (results.length !== 100) throw new Error(`a search found ${results.length} on its first page`);
    return performance.now() - started;
  };
  const rows: Row[] = [];
  for (const [name, action] of [
    // One in a thousand is permitted, so a page of 100 goes through all of them.
    ['a policy on every document, 1 in 1,000 permitted', 'view'],
    ['a policy on one folder of 100', 'edit'],
  ] as const) {
    const first = await page(action);
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await page(action));
    rows.push({ name, figures: [bestMedian(rounds, 'low'), first] });
  }
  return {
    sections: [
      {
        title: 'Resource search over 100,000 candidates, first page of 100',
        columns: ['ms', 'the first search ms'],
        rows,
      },
    ],
    findings: [
      atMost('search of 100,000, first page', rows[0]?.figures[0] ?? Number.NaN, 100, ' ms'),
      atMost('search of 100,000, selective policy', rows[1]?.figures[0] ?? Number.NaN, 10, ' ms'),
    ],
  };
}
