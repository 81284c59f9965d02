import { describe, expect, test } from 'vitest';
import { handshake } from './handshake.ts';
import { AUTHORITY, certificatesOf, DAY, SERVICE, type World, world } from './world.ts';

async function deployed(
  daysAgo: number,
): Promise<World & { rotate: (generation: string) => Promise<string> }> {
  const made = await world(daysAgo);
  await made.deploy({}, { RequestType: 'Create' });
  made.aws.now += 60_000;
  made.aws.runService(SERVICE);
  return {
    ...made,
    rotate: async (generation) => {
      expect(await made.deploy({ Generation: generation })).toMatchObject({ Status: 'SUCCESS' });
      return made.trusted();
    },
  };
}

describe('another generation', () => {
  test('is trusted beside the one before, which goes on signing', async () => {
    const { rotate, trusted, server, aws } = await deployed(1);
    const [before, tasks] = [trusted(), server()];
    const both = await rotate('2');
    expect(certificatesOf(both)).toEqual([expect.not.stringContaining(before), before]);
    expect(server()).toEqual(tasks);
    expect(aws.calls).not.toContain('UpdateService');
  });

  test('signs a day later, when callers trust both', async () => {
    const { rotate, trusted, server, renew, aws } = await deployed(2);
    const before = trusted();
    const both = await rotate('2');
    const [old] = [server()];
    await renew();
    expect(aws.calls).toContain('UpdateService');
    // While tasks are replaced both certificates are met.
    expect(await handshake(old, both)).toBe('ok');
    expect(await handshake(server(), both)).toBe('ok');
    expect(await handshake(server(), before)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('does not sign an hour before', async () => {
    const { rotate, server, renew, aws } = await deployed(2);
    await rotate('2');
    const tasks = server();
    aws.now -= 3_600_000;
    await renew();
    expect(server()).toEqual(tasks);
  });

  test('asked for again is the same one', async () => {
    const { rotate, renew } = await deployed(3);
    const both = await rotate('2');
    expect(await rotate('2')).toBe(both);
    await renew();
    expect(await rotate('2')).toBe(both);
  });

  test('leaves no key of the one before, once it signs', async () => {
    const { authority, rotate, renew } = await deployed(2);
    const first = authority().current;
    await rotate('2');
    expect(authority().current).toEqual(first);
    await renew();
    expect(authority().current.generation).toBe('2');
    expect(JSON.stringify(authority())).not.toContain(JSON.stringify(first.privateKey));
    expect(authority().retired).toEqual([first.certificate]);
  });

  test('taken back by a rollback is gone, and the one before signs as ever', async () => {
    const { rotate, trusted, server, renew } = await deployed(3);
    const [before, tasks] = [trusted(), server()];
    await rotate('2');
    expect(await rotate('1')).toBe(before);
    await renew(2);
    expect(server()).toEqual(tasks);
    expect(await handshake(server(), before)).toBe('ok');
  });

  test('with other names at once is a certificate that callers trust already', async () => {
    const { deploy, trusted, server } = await deployed(1);
    const before = trusted();
    await deploy({ Generation: '2', ServerNames: ['api.pdp.internal'] });
    expect(await handshake(server(), before, 'api.pdp.internal')).toBe('ok');
  });
});

describe('the one before', () => {
  test('is trusted until every task was seen with a certificate of the new one', async () => {
    const { rotate, renew, aws, trusted, log } = await deployed(6);
    const first = trusted();
    const both = await rotate('2');
    expect(log.at(-1)).toMatch(/^authorities: generation '1' signs, generation '2' from \d{4}-.*Z$/);
    log.length = 0;
    await renew();
    expect(log).toEqual([
      "authorities: generation '2' signs, 1 before are trusted",
      expect.stringMatching(/^new server certificate, since it is of another authority; it ends on \d{4}-/),
    ]);
    expect(await rotate('2')).toBe(both);
    await renew();
    expect(await rotate('2')).toBe(both);
    aws.complete(SERVICE);
    await renew();
    const now = await rotate('2');
    expect(certificatesOf(now)).toHaveLength(1);
    expect(now).not.toContain(first);
    expect(certificatesOf(await rotate('3'))).toEqual([expect.anything(), now]);
  });

  test('stays trusted when another run has put another authority in place meanwhile', async () => {
    const { rotate, renew, aws, authority } = await deployed(4);
    await rotate('2');
    await renew();
    aws.complete(SERVICE);
    const other = await world();
    await other.deploy({ Generation: '3' });
    aws.before = (call) => {
      if (call !== 'DescribeServices') return;
      aws.store(AUTHORITY, JSON.stringify({ ...authority(), current: other.authority().current }));
    };
    await renew();
    expect(authority()).toMatchObject({ current: { generation: '3' }, retired: [expect.anything()] });
  });

  test('is trusted to its end when no service is there to look at', async () => {
    const { rotate, renew, aws } = await deployed(5);
    await renew(1, []);
    const both = await rotate('2');
    await renew(3, []);
    expect(await rotate('2')).toBe(both);
    // Half a day after the end of the first, which was made a day before the second.
    aws.now += 3_646.5 * DAY;
    expect(certificatesOf(await rotate('3'))).toEqual([expect.anything(), certificatesOf(both)[0]]);
  });

  test('is one of three at most, the newest', async () => {
    const { rotate, renew, authority } = await deployed(9);
    const made = [authority().current.certificate];
    for (const generation of ['2', '3', '4']) {
      const trusted = certificatesOf(await rotate(generation));
      made.unshift(trusted[0] as string);
      expect(trusted).toEqual(made.slice(0, 3));
      await renew(1, []);
    }
    expect(certificatesOf(await rotate('4'))).toEqual(made.slice(0, 3));
  });
});

test('two rotations at a time leave one of them, trusted and answered as stored', async () => {
  const { aws, handle, request, authority } = await deployed(0);
  await Promise.all(['2', '3'].map((Generation) => handle(request({ Generation }))));
  const { current, next } = authority();
  const stored = `${next.certificate}${current.certificate}`;
  expect(aws.answers.slice(1).map(({ Data }) => Data)).toContainEqual({ CertificateAuthority: stored });
  expect(aws.secrets.get(AUTHORITY)?.size).toBeGreaterThan(2);
});

test('a rotation during the daily run is not lost', async () => {
  const { aws, deploy, renew, rotate, authority } = await deployed(3);
  await rotate('2');
  let once = true;
  aws.before = (call, { SecretId }) => {
    if (call !== 'PutSecretValue' || SecretId !== AUTHORITY || !once) return;
    once = false;
    // What the other run stored between this one's reading and writing.
    const { next: _next, ...state } = authority();
    aws.store(AUTHORITY, JSON.stringify({ ...state, serverNames: ['other.internal'] }));
  };
  await renew();
  expect(authority()).toMatchObject({ serverNames: ['other.internal'], current: { generation: '1' } });
  expect(await deploy()).toMatchObject({ Status: 'SUCCESS' });
});
