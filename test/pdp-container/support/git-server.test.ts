import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryDirectory } from './bundles.ts';
import { GIT_ENVIRONMENT } from './git-repository.ts';
import { GitServer } from './git-server.ts';

const git = async (...args: string[]) =>
  (await promisify(execFile)('git', args, { env: { ...GIT_ENVIRONMENT, GIT_TERMINAL_PROMPT: '0' } })).stdout;

it('serves a repository to git itself', async () => {
  const server = await GitServer.start();
  const repository = await server.repository('r');
  const first = await repository.commit({ 'a/b.cedar': 'one', link: { link: 'a/b.cedar' } });
  const second = await repository.commit({ 'a/b.cedar': 'two' });
  await repository.tag('v1', first, 'the first');
  const clone = await temporaryDirectory();
  await git('clone', '--quiet', `${server.url}/r.git`, clone);
  expect(await git('-C', clone, 'log', '--format=%H')).toBe(`${second}\n${first}\n`);
  expect(await git('-C', clone, 'show', 'v1^{commit}:link')).toBe('a/b.cedar');
  expect(await git('-C', clone, 'show', 'main:a/b.cedar')).toBe('two');
});

it('asks for the token, and dies and comes back when told to', async () => {
  const server = await GitServer.start({ token: 'secret' });
  const repository = await server.repository();
  const commit = await repository.commit({ a: 'x' });
  const at = (user: string) => server.url.replace('//', `//${user}@`);
  const list = (user: string) => git('ls-remote', `${at(user)}/policies.git`, 'refs/heads/main');
  await expect(list('x:wrong')).rejects.toThrow('Authentication failed');
  expect(await list('x:secret')).toBe(`${commit}\trefs/heads/main\n`);
  await server.stop();
  await expect(list('x:secret')).rejects.toThrow('connect');
  await server.resume();
  expect(await list('x:secret')).toBe(`${commit}\trefs/heads/main\n`);
});
