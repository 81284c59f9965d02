import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { directoryOf } from '../bundles.ts';
import { startBundleServer } from '../pdp-container/support/bundle-server.ts';
import { whenDone } from '../pdp-container/support/bundles.ts';
import { GitServer } from '../pdp-container/support/git-server.ts';
import { runPdp } from './run-pdp.ts';
import { policyOf } from './store.ts';

const STAFF = { type: 'Group', id: 'staff' };

it('commands take what is at an address: a branch of a Git repository, and a bundle over HTTP', async () => {
  const ann = policyOf('ann');
  const git = await GitServer.start({ token: 'git-token' });
  const repository = await git.repository();
  await repository.commit(
    Object.fromEntries(Object.entries(ann).map(([path, text]) => [`acme/${path}`, text])),
  );
  const ofGit = `${git.address()}#main:acme`;

  const directory = await directoryOf(policyOf('bob'));
  await runPdp(['build', directory, '--output', `${directory}/b.tar.gz`]);
  const server = await startBundleServer({ token: 'http-token' });
  whenDone(() => server.close());
  server.publish(await readFile(`${directory}/b.tar.gz`));

  const tested = await runPdp(['test', ofGit], { PDP_SOURCE_TOKEN: 'git-token' });
  expect(tested).toEqual({ code: 0, stdout: 'passed  1 decision test\n', stderr: '' });
  const ask = ['--subject', 'User::bob', '--action', 'read', '--resource', 'Doc::d'];
  expect(await runPdp(['check', server.url, ...ask], { PDP_SOURCE_TOKEN: 'http-token' })).toMatchObject({
    code: 0,
  });

  const both = { PDP_SOURCE_TOKEN_1: 'git-token', PDP_SOURCE_TOKEN_2: 'http-token' };
  const diff = await runPdp(['diff', ofGit, server.url], both);
  expect(diff.stdout).toContain('decisions  2 questions of the decision tests: 2 decided otherwise');
  expect(diff.code).toBe(1);

  // One token is not sent to two.
  const refused = await runPdp(['diff', ofGit, server.url], { PDP_SOURCE_TOKEN: 'git-token' });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toBe(
    'pdp: several SOURCEs may take PDP_SOURCE_TOKEN: set PDP_SOURCE_TOKEN_1 for the one it is for\n',
  );
});

describe('several sources are layers, as a PDP serves them', () => {
  const base = {
    'p.cedar': '@id("staff") permit(principal in Group::"staff", action, resource);',
    'entities.json': JSON.stringify([
      { uid: STAFF, attrs: {}, parents: [] },
      { uid: { type: 'User', id: 'zoe' }, attrs: {}, parents: [STAFF] },
    ]),
  };

  it('whose policies decide together, and whose tests are run against all', async () => {
    const [company, service] = [await directoryOf(base), await directoryOf(policyOf('ann'))];
    const validated = await runPdp(['validate', company, service]);
    expect(validated.stdout).toMatch(`valid  ${company} with ${service}: 2 policies, 2 entities, revision `);
    const ask = ['--subject', 'User::zoe', '--action', 'read', '--resource', 'Doc::d'];
    expect(await runPdp(['check', service, ...ask])).toMatchObject({ code: 1 });
    const asked = await runPdp(['check', ...ask], { PDP_SOURCE: `${company}\n${service}\n` });
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('by staff') });

    const frozen = await directoryOf({ 'f.cedar': '@id("frozen") forbid(principal, action, resource);' });
    expect(await runPdp(['test', company, service])).toMatchObject({
      code: 0,
      stdout: 'passed  1 decision test\n',
    });
    const failing = await runPdp(['test', frozen, service]);
    expect(failing.stdout).toContain(`FAIL  ann reads  ${service}/tests/t.json:1`);
    expect(failing.code).toBe(1);
  });

  it('whose conflicts are told with both places', async () => {
    const [one, other] = [await directoryOf(policyOf('ann')), await directoryOf(policyOf('bob'))];
    const { code, stderr } = await runPdp(['validate', one, other]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${other}/p.cedar:1:1: the policy id "p" is taken`);
    expect(stderr).toContain(`${one}/p.cedar:1`);
  });

  it('of which a command for one wants one', async () => {
    const { code, stderr } = await runPdp(['build', '-o', '/tmp/x'], { PDP_SOURCE: 'a\nb' });
    expect([code, stderr]).toEqual([
      2,
      'pdp: PDP_SOURCE names several sources: name the one that is meant\n',
    ]);
  });
});
