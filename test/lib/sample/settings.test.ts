import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../lib/sample/settings.ts';
import { SynthesisError } from '../../../lib/synthesis-error.ts';

const read = (context: Record<string, unknown>) => readSettings(new App({ context }).node);

describe('what -c sets', () => {
  it('is the serverless placement and a user pool of the stack, unless it says otherwise', () => {
    expect(read({})).toEqual({ placement: 'serverless' });
  });

  it('is the placement and whose tokens count', () => {
    const context = { placement: 'embedded', issuer: 'https://id.example.com/', audience: 'notes' };
    expect(read(context)).toEqual({
      placement: 'embedded',
      tokens: { issuer: 'https://id.example.com/', audience: 'notes' },
    });
  });

  it('is how the PDP of a placement is reached', () => {
    expect(
      read({ placement: 'cluster', certificateArn: 'arn:a', domainName: 'pdp.example.com', vpcId: 'vpc-1' }),
    ).toEqual({
      placement: 'cluster',
      balancer: { certificateArn: 'arn:a', domainName: 'pdp.example.com' },
      vpcId: 'vpc-1',
    });
    expect(read({ placement: 'remote', url: 'https://a', apiKeySecret: 'key' })).toEqual({
      placement: 'remote',
      remote: { url: 'https://a', apiKeySecret: 'key' },
    });
    expect(read({ transport: 'plain' })).toEqual({ placement: 'serverless', transport: 'plain' });
  });

  it('is where policies are published, and by whom', () => {
    expect(read({ policies: 'store' })).toEqual({ placement: 'serverless', store: {} });
    const store = { repository: 'acme/policies', connectionArn: 'arn:a', publisherArn: 'arn:b' };
    expect(read({ placement: 'embedded', policies: 'store', ...store })).toEqual({
      placement: 'embedded',
      store,
    });
  });

  it.each([
    [{ policies: 'image' }, 'policies: "image" is not known; use -c policies=store, or leave it out'],
    [{ repository: 'acme/policies' }, 'repository: nothing is published; use it with -c policies=store'],
    [{ publisherArn: 'arn:b' }, 'publisherArn: nothing is published; use it with -c policies=store'],
    [
      { policies: 'store', connectionArn: 'arn:a' },
      'repository: missing; -c connectionArn=… needs -c repository=OWNER/REPOSITORY',
    ],
    [
      { policies: 'store', placement: 'remote', url: 'https://a', apiKeySecret: 'key' },
      'policies: the placement remote has policies of its own; leave -c policies out',
    ],
    [{ transport: 'http' }, 'transport: "http" is not known; use -c transport=tls|plain'],
    [
      { placement: 'remote' },
      'url: missing; -c placement=remote needs -c url=https://… and -c apiKeySecret=NAME',
    ],
    [
      { url: 'https://a', apiKeySecret: 'key' },
      'url: the placement serverless has a PDP of its own; leave -c url out',
    ],
    [
      { certificateArn: 'arn:a', domainName: 'a' },
      'certificateArn: the placement serverless has no load balancer; leave -c certificateArn out',
    ],
    [
      { placement: 'embedded', vpcId: 'vpc-1' },
      'vpcId: the placement embedded needs no VPC; leave -c vpcId out',
    ],
    [
      { placement: 'lambda' },
      'placement: "lambda" is not known; use -c placement=serverless|cluster|star|sidecar|embedded|remote',
    ],
    [
      { placement: 'constructor' },
      'placement: "constructor" is not known; use -c placement=serverless|cluster|star|sidecar|embedded|remote',
    ],
    [{ placement: '' }, 'placement: needs a value; use -c placement=…'],
    [{ placement: true }, 'placement: needs a value; use -c placement=…'],
    [{ issuer: 'https://a' }, 'audience: missing; -c issuer=… and -c audience=… go together'],
    [{ audience: 'a' }, 'issuer: missing; -c issuer=… and -c audience=… go together'],
    [
      { issuer: 'http://id.example.com', audience: 'a' },
      'issuer: "http://id.example.com" is not an https URL; use the iss claim of your tokens',
    ],
    [
      { issuer: 'example', audience: 'a' },
      'issuer: "example" is not an https URL; use the iss claim of your tokens',
    ],
  ])('is refused when it is %j', (context, message) => {
    expect(() => read(context)).toThrow(new SynthesisError(message));
  });
});
