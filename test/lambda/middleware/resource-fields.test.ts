import { describe, expect, test } from 'vitest';
import { fromArguments, fromBody, fromHeader, fromPath } from '../../../lambda/middleware/index.ts';
import { appSyncEvent } from '../events/app-sync.ts';
import { albEvent, httpApiEvent, restApiEvent, webSocketEvent } from '../events/http.ts';
import { eventBridgeEvent, kinesisRecord, snsRecord, sqsRecord } from '../events/records.ts';

const NOTE = { type: 'Note' };
const base64 = (text: string) => ({ body: Buffer.from(text).toString('base64'), isBase64Encoded: true });

/** The message of the 400 that is thrown. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: 'BadRequestError', statusCode: 400, expose: true });
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

describe('fromPath', () => {
  test('is the parameter that is named, or several in a template', () => {
    for (const event of [httpApiEvent(), restApiEvent()]) {
      expect(fromPath('note', NOTE)(event)).toEqual({ type: 'Note', id: 'roadmap' });
      expect(fromPath('{tenant}/{note}', NOTE)(event)).toEqual({ type: 'Note', id: 'acme/roadmap' });
      expect(fromPath('v1:{note}!', NOTE)(event)).toEqual({ type: 'Note', id: 'v1:roadmap!' });
    }
  });

  test('takes a slash for a part of a name, but not in a template, where it would move what follows', () => {
    const event = { ...httpApiEvent(), pathParameters: { tenant: 'acme/x', note: 'a/b' } };
    expect(fromPath('note', NOTE)(event).id).toBe('a/b');
    expect(refusal(() => fromPath('{tenant}/{note}', NOTE)(event))).toBe(
      'path parameter tenant must not have a slash in it',
    );
  });

  test('puts a parameter in as it is', () => {
    const event = { ...httpApiEvent(), pathParameters: { tenant: '$&{note}', note: 'n' } };
    expect(fromPath('{tenant}/{note}', NOTE)(event).id).toBe('$&{note}/n');
  });

  test.each([[undefined], [null], [{}], [{ note: '' }], [Object.create({ note: 'inherited' })]])(
    'is a 400 with %j',
    (pathParameters) => {
      const event = { ...httpApiEvent(), pathParameters };
      expect(refusal(() => fromPath('note', NOTE)(event))).toBe('path parameter note is missing, or no name');
      expect(refusal(() => fromPath('{note}', NOTE)(event))).toBe(
        'path parameter note is missing, or no name',
      );
    },
  );

  test.each(['', '{', '{}', 'a}', '{a}{', '{a{b}}'])('refuses the template "%s"', (template) => {
    expect(() => fromPath(template, NOTE)).toThrow(/^fromPath: template must/);
  });
});

describe('fromBody', () => {
  test('is the field that is named, of a request or a message', () => {
    const message = { note: 'roadmap' };
    expect(
      [httpApiEvent(), restApiEvent(), albEvent(), webSocketEvent()].map(fromBody('note.id', NOTE)),
    ).toEqual(Array(4).fill({ type: 'Note', id: 'roadmap' }));
    expect(
      [
        sqsRecord('m', message),
        snsRecord('m', message),
        kinesisRecord('1', message),
        eventBridgeEvent('e', message),
        { ...httpApiEvent(), ...base64('{"note":"roadmap"}') },
      ].map(fromBody('note', NOTE)),
    ).toEqual(Array(5).fill({ type: 'Note', id: 'roadmap' }));
  });

  test('takes a whole number for an id', () => {
    expect(fromBody('note.number', NOTE)(httpApiEvent()).id).toBe('7');
  });

  test.each([
    ['', 'the body must be JSON'],
    ['{"note":"secret', 'the body must be JSON'],
    ['{}', 'body note is missing, or no name'],
    ['null', 'body note is missing, or no name'],
    ['[{"note":"a"}]', 'body note is missing, or no name'],
    ['{"note":""}', 'body note is missing, or no name'],
    ['{"note":1.5}', 'body note is missing, or no name'],
    ['{"note":{"id":"secret"}}', 'body note is missing, or no name'],
    ['{"__proto__":{"note":"a"}}', 'body note is missing, or no name'],
  ])('is a 400 with %s', (body, message) => {
    expect(refusal(() => fromBody('note', NOTE)({ ...httpApiEvent(), body }))).toBe(message);
    expect(refusal(() => fromBody('note', NOTE)({ ...httpApiEvent(), ...base64(body) }))).toBe(message);
  });
});

describe('fromArguments', () => {
  test('is the argument that is named', () => {
    expect(fromArguments('input.note', NOTE)(appSyncEvent(null))).toEqual({ type: 'Note', id: 'roadmap' });
  });

  test('is a 400 without it', () => {
    expect(refusal(() => fromArguments('note', NOTE)(appSyncEvent(null)))).toBe(
      'argument note is missing, or no name',
    );
  });
});

describe('fromHeader', () => {
  test('is the header, however it is written', () => {
    expect(
      [httpApiEvent(), restApiEvent(), albEvent()].map(fromHeader('X-tenant', { type: 'Tenant' })),
    ).toEqual(Array(3).fill({ type: 'Tenant', id: 'acme' }));
  });

  test.each([
    ['none', {}],
    ['an empty one', { 'x-tenant': '' }],
    ['two', { 'x-tenant': 'acme', 'X-Tenant': 'globex' }],
  ])('is a 400 with %s', (_name, headers) => {
    const event = { ...httpApiEvent(), headers };
    expect(refusal(() => fromHeader('x-tenant', NOTE)(event))).toBe('header x-tenant is missing, or no name');
  });
});

test.each([fromPath, fromBody, fromArguments, fromHeader])('%o refuses arguments that are wrong', (from) => {
  expect(() => from('', NOTE)).toThrow(`${from.name}: `);
  expect(() => from('note', {} as never)).toThrow(`${from.name}: type must be a string`);
  expect(() => from('note', { type: 'Note', id: 'a' } as never)).toThrow(`${from.name}: unknown option "id"`);
});
