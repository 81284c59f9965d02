import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, InvalidBundleError } from '../../../engine/index.ts';
import { SourceError } from '../../../pdp-container/source/remote-source.ts';
import { temporaryDirectory } from '../support/bundles.ts';
import { certificate, certificateFiles } from '../support/certificates.ts';
import { sendEndlessPack } from '../support/endless-pack.ts';
import { GitServer } from '../support/git-server.ts';
import { fetched, NEVER, openGit } from '../support/git-source.ts';
import { unpacked } from '../support/unpacked.ts';

const FILES = { 'a.cedar': 'root', 'teams/notes/b.cedar': 'notes', 'teams/c.cedar': 'teams' };

async function served(token?: string) {
  const server = await GitServer.start(token === undefined ? {} : { token });
  const repository = await server.repository();
  const commit = await repository.commit(FILES);
  return { server, repository, commit, address: server.address() };
}

describe('what an address names', () => {
  it('is the root, or a folder alone', async () => {
    const { address, commit } = await served();
    expect(await fetched(await openGit(address))).toEqual({ tag: commit, files: FILES });
    expect(await fetched(await openGit(`${address}#main:teams/notes`))).toEqual({
      tag: commit,
      files: { 'b.cedar': 'notes' },
    });
  });

  it('is a branch, a tag of either kind, or a commit', async () => {
    const { address, repository, commit } = await served();
    await repository.tag('light', commit);
    await repository.tag('annotated', commit, 'a release');
    const other = await repository.commit({ x: 'other' }, { branch: 'feature/x', onto: null });
    const last = await repository.commit({ x: 'last' });
    const tagOf = async (ref: string) => (await fetched(await openGit(`${address}#${ref}`)))?.tag;
    expect(await tagOf('main')).toBe(last);
    expect(await tagOf('refs/heads/main')).toBe(last);
    expect(await tagOf('feature/x')).toBe(other);
    expect(await tagOf('light')).toBe(commit);
    expect(await tagOf('annotated')).toBe(commit);
    expect(await tagOf('refs/tags/annotated')).toBe(commit);
    // Not at the tip of anything: by all of its id only.
    const middle = await repository.commit({ x: 'middle' });
    await repository.commit({ x: 'after' });
    expect(await tagOf(middle)).toBe(middle);
    expect(await tagOf(middle.toUpperCase())).toBe(middle);
    expect(await tagOf(other.slice(0, 8))).toBe(other);
    await expect(tagOf(middle.slice(0, 8))).rejects.toThrow('give the whole id');
  });

  it('is not one of two that have the same name', async () => {
    const { address, repository, commit } = await served();
    await repository.tag('main', commit);
    const source = await openGit(`${address}#main`);
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(
      'a branch and a tag have that name: write refs/heads/main or refs/tags/main',
    );
    expect((await fetched(await openGit(`${address}#refs/tags/main`)))?.tag).toBe(commit);
  });

  it.each([
    ['#nothing', "no branch or tag 'nothing'"],
    ['#main:nothing', "no folder 'nothing'"],
    ['#main:a.cedar', "no folder 'a.cedar'"],
    [`#${'0'.repeat(39)}1`, 'no such commit'],
  ])('is not there: %s', async (fragment, problem) => {
    const { address } = await served();
    const source = await openGit(`${address}${fragment}`);
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(SourceError);
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(problem);
  });

  it('is empty', async () => {
    const server = await GitServer.start();
    await server.repository();
    const source = await openGit(server.address());
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow('the repository is empty');
  });
});

describe('what is new', () => {
  it('is asked for by one look, in which nothing is sent', async () => {
    const { address, server, commit } = await served();
    const source = await openGit(`${address}#main`);
    expect((await fetched(source))?.tag).toBe(commit);
    server.requests.length = 0;
    expect(await fetched(source, commit)).toBeUndefined();
    // Two of them list refs; more would fetch.
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /policies.git/info/refs?service=git-upload-pack',
      'POST /policies.git/git-upload-pack',
    ]);
  });

  it('is never anything for a commit, and nobody is asked', async () => {
    const { address, server, commit } = await served();
    const source = await openGit(`${address}#${commit}`);
    expect(await fetched(source, commit)).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  it('is the next commit, and after a force-push the one before', async () => {
    const { address, repository, commit } = await served();
    const source = await openGit(address);
    await fetched(source);
    const second = await repository.commit({ 'a.cedar': 'changed' });
    expect(await fetched(source, commit)).toEqual({ tag: second, files: { 'a.cedar': 'changed' } });
    await repository.reset('main', commit);
    expect(await fetched(source, second)).toEqual({ tag: commit, files: FILES });
    const unrelated = await repository.commit({ z: 'unrelated' }, { onto: null });
    expect(await fetched(source, commit)).toEqual({ tag: unrelated, files: { z: 'unrelated' } });
  });

  it('is a tag that was moved', async () => {
    const { address, repository, commit } = await served();
    await repository.tag('live', commit, 'first');
    const source = await openGit(`${address}#live`);
    await fetched(source);
    const second = await repository.commit({ x: 'second' });
    await repository.tag('live', second, 'second');
    expect((await fetched(source, commit))?.tag).toBe(second);
  });

  it('does not pile up', async () => {
    const { address, repository } = await served();
    const stateDir = await temporaryDirectory();
    const source = await openGit(address, { stateDir });
    let most = 0;
    let tag: string | undefined;
    for (let count = 0; count < 10; count += 1) {
      const commit = await repository.commit({ x: String(count) });
      const found = await fetched(source, tag);
      expect(found).toEqual({ tag: commit, files: { x: String(count) } });
      tag = found?.tag;
      const [work = ''] = await readdir(stateDir);
      const packs = await readdir(join(stateDir, work, 'copy/objects/pack'));
      most = Math.max(most, packs.filter((name) => name.endsWith('.pack')).length);
    }
    expect(most).toBe(8);
  });
});

describe('files', () => {
  it('come out as they were committed, whatever the attributes say', async () => {
    const { address, repository } = await served();
    const files = {
      '.gitattributes': '* text eol=crlf ident export-subst\nhidden.cedar export-ignore\n*.x filter=evil\n',
      'a.cedar': '$Format:%H$ $Id$\nline\n',
      'hidden.cedar': 'forbid',
      'b.x': 'x',
    };
    await repository.commit(files);
    expect((await fetched(await openGit(address)))?.files).toEqual(files);
  });

  it('are read as well where somebody has run git archive, which puts the commit before them', async () => {
    const { repository } = await served();
    const path = join(await temporaryDirectory(), 'x.tar.gz');
    await repository.git(['archive', '--format=tar.gz', '--output', path, 'main']);
    expect(await unpacked(await readFile(path))).toEqual(FILES);
  });

  it('may not be links', async () => {
    const { address, repository } = await served();
    await repository.commit({ 'a.cedar': { link: '/etc/passwd' } });
    const source = await openGit(address);
    const { archive } = (await source.fetch(undefined, NEVER)) ?? {};
    const reading = unpacked(archive ?? new Uint8Array());
    await expect(reading).rejects.toThrow(InvalidBundleError);
    await expect(reading).rejects.toThrow('a.cedar:1:1: is a symlink; only files');
  });

  it('are not those of submodules, which are not asked for', async () => {
    const { address, repository, server } = await served();
    const other = await GitServer.start();
    const tree = await repository.git(
      ['mktree', '--missing'],
      `160000 commit ${'1'.repeat(40)}\tsub\n100644 blob ${await repository.git(
        ['hash-object', '-w', '--stdin'],
        `[submodule "sub"]\n\tpath = sub\n\turl = ${other.url}/policies.git\n`,
      )}\t.gitmodules\n`,
    );
    const commit = await repository.git(['commit-tree', '-m', 'x', tree]);
    await repository.reset('main', commit);
    const found = await fetched(await openGit(address));
    expect([found?.tag, Object.keys(found?.files ?? {})]).toEqual([commit, ['.gitmodules']]);
    expect(server.requests.length).toBeGreaterThan(0);
    expect(other.requests).toEqual([]);
  });

  it('are not those of submodules: where policies or entities would be one, that is refused', async () => {
    const { address, repository } = await served();
    const submodule = `160000 commit ${'1'.repeat(40)}\tshared\n`;
    const policies = await repository.git(['mktree', '--missing'], submodule);
    const tree = await repository.git(['mktree'], `040000 tree ${policies}\tpolicies\n`);
    await repository.reset('main', await repository.git(['commit-tree', '-m', 'x', tree]));
    const fetching = (await openGit(address)).fetch(undefined, NEVER);
    await expect(fetching).rejects.toThrow(SourceError);
    await expect(fetching).rejects.toThrow('its policies/shared is a submodule, which is not fetched');
  });

  it('of which git does not accept the names are refused', async () => {
    const { address, repository, commit } = await served();
    const blob = await repository.git(['hash-object', '-w', '--stdin'], 'x');
    const entry = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]);
    const tree = await repository.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], entry);
    await repository.reset('main', await repository.git(['commit-tree', '-m', 'x', tree]));
    const source = await openGit(address);
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow('an object that git does not accept');
    // The next commit is good, and so is what is made of it.
    const next = await repository.commit(FILES, { onto: commit });
    expect(await fetched(source)).toEqual({ tag: next, files: FILES });
  });
});

describe('limits', () => {
  it('hold for what is sent, and for the archive', async () => {
    const { address, repository } = await served();
    await repository.commit({
      'a.cedar': 'small',
      'noise/n': crypto.getRandomValues(new Uint8Array(60_000)),
    });
    const open = (archiveBytes: number, path: string) =>
      openGit(`${address}#main:${path}`, { limits: { archiveBytes } });
    await expect((await open(50_000, '')).fetch(undefined, NEVER)).rejects.toThrow(
      'its commit is larger than the limit of 50000 bytes',
    );
    // What is sent is smaller than the archive of it, with its headers.
    const size = (await (await open(100_000, '')).fetch(undefined, NEVER))?.archive.length ?? 0;
    expect(size).toBeGreaterThan(60_000);
    await repository.commit(
      Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`f${index}`, ''])),
    );
    await expect((await open(3_000, '')).fetch(undefined, NEVER)).rejects.toThrow(
      /is larger than the limit of 3000/,
    );
  });

  it('end what goes on for ever while it arrives', async () => {
    const { address, server, commit } = await served();
    let posts = 0;
    const cut = new Promise<void>((resolve) => {
      server.intercept = (request, response) => {
        if (request.method !== 'POST' || ++posts !== 3) return false;
        response.on('close', resolve);
        sendEndlessPack(response, commit);
        return true;
      };
    });
    const source = await openGit(address, { limits: { archiveBytes: 1_000_000 } });
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(
      'its commit is larger than the limit of 1000000 bytes',
    );
    await cut;
    expect((await fetched(source))?.tag).toBe(commit);
  });

  it('end what takes too long, with all that git has started', async () => {
    const { address, server } = await served();
    const cut = new Promise<void>((resolve) => {
      server.intercept = (request) => {
        request.socket.on('close', resolve);
        return true;
      };
    });
    const source = await openGit(address, { limits: { fetchMs: 1_000 } });
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow('it took longer than 1 s');
    // On a machine that is busy git may not have come as far.
    if (server.requests.length > 0) await cut;
  });
});

describe('giving up', () => {
  it.each(['the signal', 'closing'])('by %s ends git, with all that it has started', async (by) => {
    const { address, server } = await served();
    const source = await openGit(address);
    const controller = new AbortController();
    const cut = new Promise<void>((resolve) => {
      server.intercept = (request) => {
        request.socket.on('close', resolve);
        if (by === 'closing') source.close?.();
        else controller.abort();
        return true;
      };
    });
    await expect(source.fetch(undefined, controller.signal)).rejects.toThrow(SourceError);
    await cut;
  });

  it('before it has begun asks nobody', async () => {
    const { address, server } = await served();
    const source = await openGit(address);
    await expect(source.fetch(undefined, AbortSignal.abort())).rejects.toThrow(SourceError);
    source.close?.();
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(SourceError);
    expect(server.requests).toEqual([]);
  });
});

describe('the copy', () => {
  it('is in the state directory and nowhere else, and gone when the source is closed', async () => {
    const { address } = await served();
    const [stateDir, temporary] = [await temporaryDirectory(), await temporaryDirectory()];
    const leftover = async () => (await readdir(stateDir)).length;
    const source = await openGit(address, { stateDir, environment: { ...process.env, TMPDIR: temporary } });
    await fetched(source);
    expect([await leftover(), await readdir(temporary)]).toEqual([1, []]);
    source.close?.();
    expect(await leftover()).toBe(0);
  });

  it('is not taken from a process that was stopped in the middle', async () => {
    const { address, commit } = await served();
    const stateDir = await temporaryDirectory();
    const first = await openGit(address, { stateDir });
    await fetched(first);
    const [work = ''] = await readdir(stateDir);
    await writeFile(join(stateDir, work, 'copy/HEAD'), 'nonsense');
    expect((await fetched(await openGit(address, { stateDir })))?.tag).toBe(commit);
    expect(await readdir(stateDir)).toEqual([work]);
  });

  const damages: [string, (copy: string) => Promise<void>][] = [
    ['not a repository', (copy) => writeFile(join(copy, 'HEAD'), 'nonsense')],
    ['with settings that cannot be read', (copy) => writeFile(join(copy, 'config'), '[')],
    ['gone', (copy) => rm(copy, { recursive: true })],
    [
      'with packs cut off',
      async (copy) => {
        const packs = join(copy, 'objects/pack');
        for (const name of await readdir(packs)) await truncate(join(packs, name), 40);
      },
    ],
    ['locked by a git that was killed', (copy) => writeFile(join(copy, 'shallow.lock'), '')],
  ];
  it.each(damages)('is made anew when it is %s', async (_, damage) => {
    const { address, repository, commit } = await served();
    const stateDir = await temporaryDirectory();
    const source = await openGit(address, { stateDir });
    await fetched(source);
    const [work = ''] = await readdir(stateDir);
    await damage(join(stateDir, work, 'copy'));
    const second = await repository.commit({ ...FILES, d: 'new' });
    expect(await fetched(source, commit)).toEqual({ tag: second, files: { ...FILES, d: 'new' } });
  });

  it('cannot be written', async () => {
    const { address } = await served();
    const stateDir = join(await temporaryDirectory(), 'file');
    await writeFile(stateDir, '');
    const source = await openGit(address, { stateDir });
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow(
      `cannot write to '${stateDir}': part of its path is not a directory; name a directory by --state-dir`,
    );
  });
});

describe('a host', () => {
  it('that has gone is told, and read again when it is back', async () => {
    const { address, server, repository, commit } = await served();
    const source = await openGit(address);
    await fetched(source);
    await server.stop();
    await expect(source.fetch(commit, NEVER)).rejects.toThrow('its host cannot be reached');
    await server.resume();
    const second = await repository.commit({ x: '2' });
    expect((await fetched(source, commit))?.tag).toBe(second);
  });

  it('is held to its certificate, by authorities that are named', async () => {
    const tls = await certificate();
    const server = await GitServer.start({ token: 'the-token', tls });
    const commit = await (await server.repository()).commit(FILES);
    const { cert } = await certificateFiles(tls);
    const open = (more: Record<string, string>) =>
      openGit(server.address(), { token: 'the-token', environment: { PATH: process.env.PATH, ...more } });
    const stranger = await open({});
    await expect(stranger.fetch(undefined, NEVER)).rejects.toThrow(
      'the certificate of its host is not accepted',
    );
    expect(server.requests).toEqual([]);
    expect(await fetched(await open({ GIT_SSL_CAINFO: cert }))).toEqual({ tag: commit, files: FILES });
  });

  it.each([
    [401, 'authentication failed'],
    [403, 'authentication failed'],
    [404, 'no such repository'],
    [301, 'redirects are not followed'],
    [500, 'the Git host answers with an error'],
    [503, 'the Git host answers with an error'],
  ])('that answers %i', async (status, problem) => {
    const { server } = await served();
    server.intercept = (_request, response) => {
      response
        .writeHead(status, status === 301 ? { location: `${server.url}/other` } : {})
        .end('secret words');
      return true;
    };
    const source = await openGit(server.address('ssl-certificate-early-eof'));
    const error = await source.fetch(undefined, NEVER).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as Error).message).toContain(problem);
    expect((error as Error).message).not.toContain('secret words');
  });

  it('that sends half of a pack is refused, and what it sends next is not', async () => {
    const { address, server, commit } = await served();
    let posts = 0;
    server.intercept = (request, response) => {
      if (request.method !== 'POST' || ++posts !== 3) return false;
      const chunks: Buffer[] = [];
      response.write = ((chunk: Buffer) => chunks.push(chunk) > 0) as typeof response.write;
      response.end = (() => {
        const half = Buffer.concat(chunks).subarray(0, -60);
        ServerResponse.prototype.write.call(response, half, 'binary', () => response.destroy());
        return response;
      }) as typeof response.end;
      return false;
    };
    const source = await openGit(address);
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow('what it sent is cut off or damaged');
    expect(await fetched(source)).toEqual({ tag: commit, files: FILES });
  });
});

describe('a token', () => {
  const TOKEN = 'ghp_verySecret';

  it('is sent as hosts take it, and with a user name where one is given', async () => {
    const { address, server, commit } = await served(TOKEN);
    expect((await fetched(await openGit(address, { token: TOKEN })))?.tag).toBe(commit);
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const sent = () => new Set(server.requests.splice(0).map(({ authorization }) => authorization));
    expect(sent()).toEqual(new Set([basic(`x-access-token:${TOKEN}`)]));
    await fetched(await openGit(address, { token: `x-token-auth:${TOKEN}` }));
    expect(sent()).toEqual(new Set([basic(`x-token-auth:${TOKEN}`)]));
  });

  it.each([undefined, 'ghp_another'])('that is not the right one (%s) is told without it', async (token) => {
    const { address } = await served(TOKEN);
    const source = await openGit(address, { token });
    const error = (await source.fetch(undefined, NEVER).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toBe(
      'authentication failed: the token or key is missing, wrong, or may not read it',
    );
  });

  it('goes to no other place', async () => {
    const { server } = await served();
    const other = await GitServer.start();
    server.intercept = (request, response) => {
      response.writeHead(302, { location: `${other.url}${request.url}` }).end();
      return true;
    };
    const source = await openGit(server.address(), { token: TOKEN });
    await expect(source.fetch(undefined, NEVER)).rejects.toThrow('give the new address');
    expect(other.requests).toEqual([]);
  });

  it('is in no argument of git, of which nothing of the environment is seen but what it needs', async () => {
    const { address } = await served(TOKEN);
    const directory = await temporaryDirectory();
    const log = join(directory, 'log');
    // Stands before git, and tells how it was run.
    const program = `#!/bin/sh\n{ echo "args: $*"; env | sed 's/^/env: /'; } >> '${log}'\nPATH='${process.env.PATH}' exec git "$@"\n`;
    await writeFile(join(directory, 'git'), program, { mode: 0o755 });
    const environment = {
      PATH: `${directory}:${process.env.PATH}`,
      HOME: '/home/somebody',
      PDP_API_KEY: 'hunter2',
      AWS_SECRET_ACCESS_KEY: 'hunter2',
      GIT_SSL_NO_VERIFY: '1',
      GIT_DIR: '/elsewhere',
      GIT_EXTERNAL_DIFF: 'x',
      https_proxy: 'http://proxy.test:3128',
    };
    await fetched(await openGit(address, { token: TOKEN, environment }));
    const lines = (await readFile(log, 'utf8')).split('\n');
    const args = lines.filter((line) => line.startsWith('args: '));
    expect(args.length).toBeGreaterThanOrEqual(5);
    const secrets = [TOKEN, Buffer.from(`x-access-token:${TOKEN}`).toString('base64')];
    expect(args.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
    const seen = new Set(lines.flatMap((line) => /^env: (\w+)=/.exec(line)?.[1] ?? []));
    for (const name of ['PDP_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'GIT_SSL_NO_VERIFY', 'GIT_EXTERNAL_DIFF']) {
      expect(seen).not.toContain(name);
    }
    expect(seen).toContain('https_proxy');
    expect(lines).not.toContain('env: HOME=/home/somebody');
    expect(lines).not.toContain('env: GIT_DIR=/elsewhere');
  });

  it('is not empty', async () => {
    await expect(openGit('git+https://host/r.git', { token: '' })).rejects.toThrow(ConfigurationError);
  });
});

describe('the programs', () => {
  const withGit = async (script?: string) => {
    const directory = await temporaryDirectory();
    if (script !== undefined) {
      await writeFile(join(directory, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return { environment: { PATH: directory } };
  };

  it('are missing', async () => {
    const opening = openGit('git+https://host/r.git', await withGit());
    await expect(opening).rejects.toThrow(ConfigurationError);
    await expect(opening).rejects.toThrow(
      "source 'git+https://host/r.git' needs git on the PATH: install git, or in a container build the image with " +
        'git from the same context (docker build -f Dockerfile.git): the default image has none',
    );
  });

  it('are too old', async () => {
    const opening = openGit('git+https://host/r.git', await withGit('echo git version 2.31.9'));
    await expect(opening).rejects.toThrow(ConfigurationError);
    await expect(opening).rejects.toThrow('needs git 2.32 or later; the one on the PATH is 2.31');
    await openGit('git+https://host/r.git', await withGit('echo git version 2.32.0'));
    await openGit('git+https://host/r.git', await withGit('echo git version 3.0.1'));
  });
});
