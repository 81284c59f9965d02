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

  it.each([
    [{ placement: 'lambda' }, 'placement: "lambda" is not known; use -c placement=serverless|embedded'],
    [
      { placement: 'constructor' },
      'placement: "constructor" is not known; use -c placement=serverless|embedded',
    ],
    [{ placement: '' }, 'placement: needs a value; use -c placement=…'],
    [{ placement: true }, 'placement: needs a value; use -c placement=…'],
    [{ issuer: 'https://a' }, 'audience: missing; -c issuer=https://… and -c audience=… go together'],
    [{ audience: 'a' }, 'issuer: missing; -c issuer=https://… and -c audience=… go together'],
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
