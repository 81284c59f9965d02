import { expect, it } from 'vitest';
import { serve } from '../../pdp-container/serve.ts';
import { directoryOf } from '../bundles.ts';

const REQUEST = { subject: { type: 'U', id: 'u' }, action: { name: 'a' }, resource: { type: 'D', id: 'd' } };

it.each([{ evaluator: 'compiled' }, { evaluator: 'wasm' }, { shadow: true }] as const)(
  'serves with %j',
  async (choice) => {
    const source = await directoryOf({
      'p.cedar': '@id("p") permit(principal == U::"u", action, resource);',
    });
    const server = await serve({ ...choice, source, port: 0, log: { write: () => {} }, reloadMs: 0 });
    try {
      const response = await fetch(`${server.url}/access/v1/evaluation`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(REQUEST),
      });
      expect(await response.json()).toMatchObject({ decision: true, context: { policies: ['p'] } });
      expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('pdp_shadow_differences_total 0');
    } finally {
      await server.close();
    }
  },
);
