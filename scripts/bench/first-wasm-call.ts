// The same by the official package, read as JSON: nothing is unpacked, checked or mapped.
import { readFileSync } from 'node:fs';
import * as cedar from '@cedar-policy/cedar-wasm/web';
import type { AccessRequest, Bundle } from '../../engine/index.ts';
import { authorized, call } from './function.ts';

cedar.initSync({ module: readFileSync(process.env.CEDAR_WASM ?? '') });
const bundle = JSON.parse(readFileSync(process.env.BUNDLE_JSON ?? '', 'utf8')) as Bundle;
const actions = Object.entries(bundle.schema?.['']?.actions ?? {}).map(([id, { memberOf }]) => ({
  uid: { type: 'Action', id },
  attrs: {},
  parents: (memberOf ?? []).map((group) => ({ type: 'Action', id: group.id })),
}));
cedar.preparsePolicySet('bench', bundle.policies as Parameters<typeof cedar.preparsePolicySet>[1]);

const evaluate = async ({ subject, action, resource }: AccessRequest) => {
  const answer = cedar.statefulIsAuthorized({
    principal: { type: subject.type, id: subject.id },
    action: { type: 'Action', id: action.name },
    resource: { type: resource.type, id: resource.id },
    context: {},
    entities: [...bundle.entities, ...actions] as Parameters<typeof cedar.isAuthorized>[0]['entities'],
    preparsedPolicySetId: 'bench',
  });
  return { decision: answer.type === 'success' && answer.response.decision === 'allow' };
};
await call(authorized({ evaluate, evaluateAll: (requests) => Promise.all(requests.map(evaluate)) }));
process.stdout.write('200');
process.exit();
