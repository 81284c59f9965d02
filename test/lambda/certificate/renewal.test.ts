import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FakeAws } from './fake-aws.ts';
import { handshake } from './handshake.ts';
import { AUTHORITY, DAY, SERVER, SERVICE, world } from './world.ts';

/** A stack that was deployed so many days ago, with its service running. */
async function running(daysAgo: number) {
  const made = await world(daysAgo);
  await made.deploy({}, { RequestType: 'Create' });
  made.aws.now += 60_000;
  made.aws.runService(SERVICE);
  made.aws.calls.length = 0;
  /** Days on which the daily run has nothing to do. */
  const skip = (days: number) => {
    made.aws.now += days * DAY;
  };
  return { ...made, skip };
}

const updates = (aws: FakeAws) => aws.calls.filter((call) => call === 'UpdateService').length;
const writes = (aws: FakeAws) => aws.calls.filter((call) => call === 'PutSecretValue').length;

describe('a certificate', () => {
  test('is kept until 30 days before its end, and its tasks run on', async () => {
    const { aws, renew, server } = await running(59);
    const first = server();
    await renew(59);
    expect(server()).toEqual(first);
    expect([writes(aws), updates(aws)]).toEqual([0, 0]);
  });

  test('is then renewed by the same authority, once, and its tasks replaced, once', async () => {
    const { aws, renew, server, trusted, log } = await running(65);
    const first = server();
    await renew(60);
    const renewed = server();
    expect(renewed.certificate).not.toBe(first.certificate);
    expect(renewed.privateKey).not.toBe(first.privateKey);
    expect([writes(aws), updates(aws)]).toEqual([1, 1]);
    expect(log.at(-1)).toMatch(/^new server certificate, since it ends soon; it ends on 20/);

    aws.complete(SERVICE);
    await renew(4);
    expect(server()).toEqual(renewed);
    expect([writes(aws), updates(aws)]).toEqual([1, 1]);
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  test('is renewed for the names of the last deployment', async () => {
    const { deploy, renew, skip, server, aws } = await running(90);
    await deploy({ ServerNames: ['a.internal', 'b.internal'] });
    skip(60);
    await renew();
    expect(new X509Certificate(server().certificate).subjectAltName).toBe('DNS:a.internal, DNS:b.internal');
    expect(writes(aws)).toBe(3);
  });

  test('that was lost is made again by the daily run', async () => {
    const { aws, renew, server, trusted } = await running(1);
    aws.store(SERVER, 'lost');
    await renew();
    expect(updates(aws)).toBe(1);
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  test('is renewed with no service to restart, too', async () => {
    const { aws, renew, skip, server } = await running(60);
    const first = server();
    skip(59);
    await renew(1, []);
    expect(server()).not.toEqual(first);
    expect(aws.calls).not.toContain('DescribeServices');
  });
});

describe('new tasks', () => {
  test.each(['UpdateService', 'DescribeServices'])(
    'are asked for again the next day when %s fails',
    async (failing) => {
      const { aws, renew, skip, server } = await running(61);
      skip(59);
      aws.before = (call) => {
        if (call === failing) throw FakeAws.error('ServerException', 'it quotes a key');
      };
      await expect(renew()).rejects.toThrow(
        /^cannot (start new tasks|see the deployments) of .*: ServerException$/,
      );
      const renewed = server();
      expect(writes(aws)).toBe(1);

      aws.before = () => {};
      aws.calls.length = 0;
      await renew();
      expect(server()).toEqual(renewed);
      expect([writes(aws), updates(aws)]).toEqual([0, 1]);
    },
  );

  test('are asked for only when the certificate is stored', async () => {
    const { aws, renew, skip } = await running(60);
    skip(59);
    aws.before = (call) => {
      if (call === 'PutSecretValue') throw FakeAws.error('InternalServiceError');
    };
    await expect(renew()).rejects.toThrow(`cannot write the secret ${SERVER}: InternalServiceError`);
    expect(updates(aws)).toBe(0);
  });

  test('are asked for again when the deployment was rolled back to the one before', async () => {
    const { aws, renew, skip } = await running(62);
    const before = aws.services.get(SERVICE);
    skip(59);
    await renew();
    aws.services.set(SERVICE, before ?? []);
    await renew();
    expect(updates(aws)).toBe(2);
  });

  test('are asked for when a deployment changed the names and no task', async () => {
    const { aws, deploy, renew } = await running(2);
    aws.now += 60_000;
    await deploy({ ServerNames: ['api.pdp.internal'] });
    expect(updates(aws)).toBe(0);
    await renew();
    expect(updates(aws)).toBe(1);
  });

  test('are not asked for when a deployment began since for another reason', async () => {
    const { aws, renew, skip } = await running(61);
    aws.before = (call) => {
      if (call === 'UpdateService') throw FakeAws.error('ServerException');
    };
    skip(59);
    await expect(renew()).rejects.toThrow('ServerException');
    aws.runService(SERVICE);
    await renew();
    expect(updates(aws)).toBe(1);
  });

  test('of every service, by the ARNs of cluster and service', async () => {
    const { aws, renew, skip } = await running(60);
    const asked: unknown[] = [];
    aws.before = (call, input) => {
      if (call === 'UpdateService') asked.push(input);
    };
    aws.runService(`${SERVICE}-2`);
    skip(59);
    await renew(1, [SERVICE, `${SERVICE}-2`]);
    const forced = (service: string) => ({ cluster: 'arn:cluster', service, forceNewDeployment: true });
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(expect.arrayContaining([forced(SERVICE), forced(`${SERVICE}-2`)]));
  });

  test('of a service that is gone are an error, after the certificate was renewed', async () => {
    const { aws, renew, skip } = await running(60);
    aws.services.clear();
    await expect(renew()).rejects.toThrow(`there is no service ${SERVICE}`);
    skip(58);
    await expect(renew()).rejects.toThrow(`there is no service ${SERVICE}`);
  });
});

describe('an authority', () => {
  test('that ends within half a year is an error every day, and its certificates go on to its last day', async () => {
    const { aws, renew, server } = await running(0);
    const start = aws.now;
    const on = async (day: number) => {
      aws.now = start + (day - 1) * DAY;
      await renew(1, []);
    };
    await on(3_469);
    await expect(on(3_471)).rejects.toThrow(
      /^the authority ends on \d{4}.*: deploy with another `certificateAuthority`/,
    );
    await expect(on(3_600)).rejects.toThrow(/^the authority ends on/);
    const last = server();
    expect(new X509Certificate(last.certificate).validTo).toBe(
      new X509Certificate(JSON.parse(aws.valueOf(AUTHORITY) ?? '').current.certificate).validTo,
    );
    // One more would end on the same day.
    await expect(on(3_640)).rejects.toThrow(/^the authority ends on/);
    expect(server()).toEqual(last);
  });

  test('that ended fails a deployment, and another generation signs at once: nobody trusts the one before', async () => {
    const { aws, deploy, handle, request, server, trusted } = await running(3_652);
    aws.now += 3_651 * DAY;
    const ended = {
      Status: 'FAILED',
      Reason: expect.stringMatching(/^the authority ended on \d{4}-.*: deploy with/),
    };
    expect(await deploy({ ServerNames: ['other'] })).toMatchObject(ended);
    await handle(request({ Generation: '2' }));
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  test('that is not there is an error of the daily run, which makes none: nobody would trust it', async () => {
    const { aws, renew } = await world();
    await expect(renew()).rejects.toThrow('there is no authority: deploy the stack, which makes one');
    expect(aws.secrets.get(AUTHORITY)?.size).toBe(0);
  });
});
