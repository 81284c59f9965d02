import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildArchive, compileFiles, readDirectory } from '../../compiler/index.ts';
import { directoryFingerprint } from '../../pdp-container/source/fingerprint.ts';
import { watch } from '../../pdp-container/source/watch.ts';
import {
  type BundleFiles,
  bundleDirectory,
  CERTIFICATION,
  permitOnly,
  temporaryDirectory,
  writeBundle,
} from './support/bundles.ts';
import { ask, call, EVALUATION, EVALUATIONS } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';

async function decides(server: TestServer, user: string): Promise<boolean> {
  const answer = await call(server.url, EVALUATION, { body: ask(user, 'read', 'record-1') });
  return (answer.json as { decision: boolean }).decision;
}

async function metric(server: TestServer, series: string): Promise<number> {
  const { text } = await call(server.url, '/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1),
  );
}

describe('a directory', () => {
  test('a save takes effect', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    const first = await server.logged('revision active');
    expect(await decides(server, 'alice')).toBe(true);
    expect(await decides(server, 'bob')).toBe(false);

    await writeBundle(server.source, permitOnly('bob'));
    const second = await server.logged('revision active');
    expect(second.revision).not.toBe(first.revision);
    expect(second.revision).toBe(server.revision);
    expect(await decides(server, 'alice')).toBe(false);
    expect(await decides(server, 'bob')).toBe(true);
  });

  test('a save by atomic rename, a new file and a removed file take effect', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    await server.logged('revision active');
    const staged = join(await temporaryDirectory(), 'staged');
    await writeFile(staged, permitOnly('bob')['policies.cedar'] as string);
    await rename(staged, join(server.source, 'policies.cedar'));
    await server.logged('revision active');
    expect(await decides(server, 'bob')).toBe(true);

    await writeBundle(server.source, {
      'policies/deeper/more.cedar': permitOnly('carol')['policies.cedar'] as string,
    });
    await server.logged('revision active');
    expect(await decides(server, 'carol')).toBe(true);

    await rm(join(server.source, 'policies.cedar'));
    await server.logged('revision active');
    expect(await decides(server, 'bob')).toBe(false);
    expect(await decides(server, 'carol')).toBe(true);
  });

  test('a broken save is reported with its place, and the last good revision goes on answering', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    await writeBundle(server.source, { 'policies.cedar': 'permit(principal,\n  action, oops);\n' });
    const record = await server.logged('reload failed');
    expect(record).toMatchObject({
      level: 'error',
      serving: server.revision,
      problemCount: 1,
      problems: [{ severity: 'error', file: 'policies.cedar', line: 2, message: expect.any(String) }],
    });
    expect(await decides(server, 'alice')).toBe(true);
    expect((await call(server.url, '/ready')).status).toBe(200);
    expect((await call(server.url, '/health')).json).toMatchObject({
      status: 'ready',
      revision: server.revision,
      lastReload: { result: 'failure', problemCount: 1, problems: [{ file: 'policies.cedar', line: 2 }] },
    });
    expect(await metric(server, 'pdp_bundle_reloads_total{result="failure"}')).toBe(1);

    await writeBundle(server.source, permitOnly('alice'));
    await server.logged('revision unchanged');
    expect((await call(server.url, '/health')).json).toMatchObject({ lastReload: { result: 'success' } });
  });

  test('a save that is half written is not taken, and the whole of it is', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    await server.logged('revision active');
    const whole = permitOnly('bob')['policies.cedar'] as string;
    await writeBundle(server.source, { 'policies.cedar': whole.slice(0, whole.length / 2) });
    const { problems } = await server.logged('reload failed');
    expect(problems).toMatchObject([{ file: 'policies.cedar', severity: 'error' }]);
    expect([await decides(server, 'alice'), await decides(server, 'bob')]).toEqual([true, false]);
    await writeBundle(server.source, { 'policies.cedar': whole });
    await server.logged('revision active');
    expect([await decides(server, 'alice'), await decides(server, 'bob')]).toEqual([false, true]);
    expect((await call(server.url, '/health')).json).toMatchObject({
      lastReload: { result: 'success', problemCount: 0 },
    });
  });

  test('touching a file swaps nothing', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    const before = (await call(server.url, '/health')).json as { loadedAt: string };
    await utimes(join(server.source, 'policies.cedar'), new Date(), new Date(0));
    await server.logged('revision unchanged');
    expect(await metric(server, 'pdp_bundle_reloads_total{result="unchanged"}')).toBe(1);
    expect(await metric(server, 'pdp_bundle_reloads_total{result="success"}')).toBe(1);
    expect((await call(server.url, '/health')).json).toMatchObject({ loadedAt: before.loadedAt });
  });

  test('losing the directory leaves the server ready, and finding it again is fine', async () => {
    const server = await startServer({ bundle: permitOnly('alice') });
    const elsewhere = join(await temporaryDirectory(), 'moved');
    await rename(server.source, elsewhere);
    const record = await server.logged('reload failed');
    expect(record.serving).toBe(server.revision);
    expect((await call(server.url, '/ready')).status).toBe(200);
    expect(await decides(server, 'alice')).toBe(true);
    await rename(elsewhere, server.source);
    await server.logged('revision unchanged');
  });

  test('what editors leave beside the files is not looked at', async () => {
    const directory = await bundleDirectory(CERTIFICATION);
    const before = await directoryFingerprint(directory);
    for (const name of [
      '.policies.cedar.swp',
      'policies.cedar~',
      '#policies.cedar#',
      '.#policies.cedar',
      '4913',
      'policies.cedar___jb_tmp___',
      'policies.cedar.bak',
      'policies/4913',
      'policies/.deeper.cedar.swp',
      'entities/users.json~',
      'entities/.#users.json',
    ]) {
      await writeBundle(directory, { [name]: 'permit(' });
    }
    await mkdir(join(directory, 'node_modules'));
    await writeFile(join(directory, 'node_modules', 'more.cedar'), '');
    expect(await directoryFingerprint(directory)).toBe(before);
    await writeFile(join(directory, 'more.cedar'), '');
    expect(await directoryFingerprint(directory)).not.toBe(before);
  });
});

describe('a .tar.gz file', () => {
  const archiveOf = async (files: BundleFiles): Promise<Uint8Array> => {
    const sources = await readDirectory(await bundleDirectory(files));
    const result = await compileFiles(sources);
    if (!result.ok) throw new Error('the test bundle does not compile');
    return buildArchive(result.bundle, sources);
  };

  test('is served, and swapped when it is replaced', async () => {
    const source = join(await temporaryDirectory(), 'bundle.tar.gz');
    await writeFile(source, await archiveOf(permitOnly('alice')));
    const server = await startServer({ source });
    await server.logged('revision active');
    expect(await decides(server, 'alice')).toBe(true);

    await writeFile(`${source}.new`, await archiveOf(permitOnly('bob')));
    await rename(`${source}.new`, source);
    await server.logged('revision active');
    expect(await decides(server, 'alice')).toBe(false);
    expect(await decides(server, 'bob')).toBe(true);
  });

  test('a damaged one leaves the last good one serving', async () => {
    const source = join(await temporaryDirectory(), 'bundle.tgz');
    await writeFile(source, await archiveOf(permitOnly('alice')));
    const server = await startServer({ source });
    const bytes = await readFile(source);
    await writeFile(source, bytes.subarray(0, bytes.length / 2));
    await server.logged('reload failed');
    expect(await decides(server, 'alice')).toBe(true);
    await rm(source);
    await server.logged('reload failed');
    expect(await decides(server, 'alice')).toBe(true);
  });

  test('one that is larger than it may be is not read, and the last good one goes on', async () => {
    const source = join(await temporaryDirectory(), 'bundle.tgz');
    const archive = await archiveOf(permitOnly('alice'));
    await writeFile(source, archive);
    const server = await startServer({ source, bundleLimits: { archiveBytes: archive.byteLength } });
    await writeFile(source, Buffer.concat([archive, Buffer.alloc(1)]));
    const { problems } = await server.logged('reload failed');
    expect(problems).toMatchObject([
      { file: source, message: `has ${archive.byteLength + 1} bytes; the limit is ${archive.byteLength}` },
    ]);
    expect(await decides(server, 'alice')).toBe(true);
  });
});

describe('several sources', () => {
  test('decide together, and a change of one takes effect with the other', async () => {
    const directories = [
      await bundleDirectory(permitOnly('alice')),
      await bundleDirectory(permitOnly('bob')),
    ];
    const server = await startServer({ source: directories });
    const first = await server.logged('revision active');
    expect(first.source).toBe(directories.join(', '));
    expect([await decides(server, 'alice'), await decides(server, 'bob')]).toEqual([true, true]);

    await writeBundle(directories[1] as string, permitOnly('carol'));
    await server.logged('revision active');
    const users = ['alice', 'bob', 'carol'];
    expect(await Promise.all(users.map((user) => decides(server, user)))).toEqual([true, false, true]);
  });

  test('that conflict are not taken, and both places are told', async () => {
    const directories = [
      await bundleDirectory(permitOnly('alice')),
      await bundleDirectory(permitOnly('bob')),
    ];
    const server = await startServer({ source: directories });
    await writeBundle(directories[1] as string, permitOnly('mallory', 'only-alice'));
    expect(await server.logged('reload failed')).toMatchObject({
      problems: [
        {
          file: `${directories[1]}/policies.cedar`,
          message: 'the policy id "only-alice" is taken',
          help: `the first is at ${directories[0]}/policies.cedar:1`,
        },
      ],
    });
    expect([await decides(server, 'alice'), await decides(server, 'mallory')]).toEqual([true, false]);
  });
});

test('no request sees half of two revisions', async () => {
  const server = await startServer({ bundle: permitOnly('alice'), decisionLog: 'off' });
  await server.logged('revision active');
  const people = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'));
  const body = { evaluations: people.map((user) => ask(user, 'read', 'record-1')) };
  const seen = new Set<string>();
  let swapping = true;

  const client = async () => {
    while (swapping) {
      const answer = await call(server.url, EVALUATIONS, { body });
      expect(answer.status).toBe(200);
      const { evaluations } = answer.json as {
        evaluations: { decision: boolean; context: { revision: string } }[];
      };
      const [first] = evaluations;
      seen.add(first?.context.revision ?? '');
      expect(new Set(evaluations.map(({ context }) => context.revision)).size).toBe(1);
      const winner = first?.decision === true ? 'alice' : 'bob';
      expect(evaluations.map(({ decision }) => decision)).toEqual(people.map((user) => user === winner));
    }
  };
  const clients = [client(), client()];
  for (const user of ['bob', 'alice', 'bob']) {
    await writeBundle(server.source, permitOnly(user));
    await server.logged('revision active');
  }
  swapping = false;
  await Promise.all(clients);
  expect(seen.size).toBe(2);
});

describe('watch', () => {
  /** Plays fingerprints one after the other, the last one for ever. */
  const script = (...states: (string | Error)[]) => {
    let index = 0;
    return async () => {
      const state = states[Math.min(index++, states.length - 1)] as string | Error;
      if (state instanceof Error) throw state;
      return state;
    };
  };

  test('tells of a burst of changes once, when it is over', async () => {
    let looks = 0;
    const states = script('a', 'b', 'c', 'd', 'd', 'd', 'd', 'end', 'end');
    const looksAtChange: number[] = [];
    await new Promise<void>((resolve) => {
      const running = watch(
        'a',
        () => {
          looks += 1;
          return states();
        },
        async () => {
          looksAtChange.push(looks);
          if (looksAtChange.length === 2) void running.stop().then(resolve);
        },
        1,
      );
    });
    expect(looksAtChange).toEqual([5, 9]);
  });

  test('a source that goes away and comes back are two changes', async () => {
    const gone = new Error('gone');
    const states = script('a', gone, gone, gone, 'a', 'a');
    let changes = 0;
    await new Promise<void>((resolve) => {
      const running = watch(
        'a',
        states,
        async () => {
          changes += 1;
          if (changes === 2) void running.stop().then(resolve);
        },
        1,
      );
    });
    expect(changes).toBe(2);
  });
});
