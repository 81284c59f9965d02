import { expect, it } from 'vitest';
import { directoryOf } from '../bundles.ts';
import { startServerProcess } from '../pdp-container/support/server-process.ts';
import { keyPair, policyOf, TARGET, testStore } from './store.ts';

/** From the publisher's command to decisions of PDPs, each a process of its own. */
it('publishes to PDPs that take what is signed, goes back, and says why they refuse what is not', async () => {
  const store = await testStore();
  const { privatePem, publicPem } = keyPair();
  const [ann, bob] = [await directoryOf(policyOf('ann')), await directoryOf(policyOf('bob'))];
  const sign = { PDP_SIGN_KEY: privatePem };
  const first = await store.json(['publish', ann, TARGET], sign);

  const serve = [TARGET, '--port', '0', '--refresh-interval', '0.1'];
  const pdps = [1, 2].map(() => startServerProcess(serve, { ...store.s3.env, PDP_VERIFY_KEY: publicPem }));
  const urls = await Promise.all(pdps.map(async ({ logged }) => String((await logged('listening')).url)));
  const wait = urls.flatMap((url) => ['--wait', url]);

  const second = await store.json(['publish', bob, TARGET, ...wait, '--timeout', '25'], sign);
  expect(second).toMatchObject({
    code: 0,
    sequence: 2,
    wait: {
      outcome: 'reached',
      pdps: [
        { state: 'reached', revision: second.revision },
        { state: 'reached', revision: second.revision },
      ],
    },
  });
  const ask = ['--subject', 'User::bob', '--action', 'read', '--resource', 'Doc::d'];
  expect(await store.pdp(['check', '--url', urls[1] ?? '', ...ask])).toMatchObject({ code: 0 });

  const back = await store.json(['rollback', TARGET, ...wait, '--timeout', '25'], sign);
  expect(back).toMatchObject({
    code: 0,
    revision: first.revision,
    sequence: 3,
    wait: { outcome: 'reached' },
  });
  expect(await store.pdp(['check', '--url', urls[0] ?? '', ...ask])).toMatchObject({ code: 1 });

  const unsigned = await store.json(['publish', bob, TARGET, ...wait.slice(0, 2), '--timeout', '3']);
  expect(unsigned).toMatchObject({
    code: 1,
    outcome: 'published',
    sequence: 4,
    wait: {
      outcome: 'timed-out',
      pdps: [{ state: 'other', revision: first.revision, reason: expect.stringContaining('manifest.jws') }],
    },
  });
});
