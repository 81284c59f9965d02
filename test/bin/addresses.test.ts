import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { directoryOf } from '../bundles.ts';
import { startBundleServer } from '../pdp-container/support/bundle-server.ts';
import { whenDone } from '../pdp-container/support/bundles.ts';
import { GitServer } from '../pdp-container/support/git-server.ts';
import { runPdp } from './run-pdp.ts';
import { policyOf } from './store.ts';

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
  expect(git.requests.at(-1)?.authorization).toBe(undefined);
  expect(refused.stderr).toMatch(/^pdp: git\+http:\/\/127\.0\.0\.1:\d+\/policies\.git#main:acme: /);
  expect(refused.stderr).not.toContain('git-token');
});
