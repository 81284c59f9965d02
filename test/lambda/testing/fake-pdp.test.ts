import '../../../lambda/testing/vitest.ts';
import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { InvalidRequestError } from '../../../engine/errors.ts';
import { FakePdp } from '../../../lambda/testing/index.ts';

const question = (user: string, action: string, note: string): AccessRequest => ({
  subject: { type: 'User', id: user, properties: { groups: ['a', 'b'], address: { country: 'CH' } } },
  action: { name: action },
  resource: { type: 'Note', id: note },
});
const VIEW = question('alice', 'view', 'roadmap');
const EDIT = question('alice', 'edit', 'roadmap');

describe('its answer', () => {
  test('is a deny where nothing was said', async () => {
    expect(await new FakePdp().evaluate(VIEW)).toEqual({ decision: false });
  });

  test.each([
    ['everything', {}, true],
    ['a subject', { subject: { id: 'alice' } }, true],
    ['another subject', { subject: { id: 'bob' } }, false],
    ['an action', { action: 'view' }, true],
    ['another action', { action: 'edit' }, false],
    ['an action as an object', { action: { name: 'view' } }, true],
    ['a resource', { resource: { type: 'Note', id: 'roadmap' } }, true],
    ['another type', { resource: { type: 'Folder', id: 'roadmap' } }, false],
    ['a part of the properties', { subject: { properties: { address: { country: 'CH' } } } }, true],
    ['a property that is otherwise', { subject: { properties: { address: { country: 'AT' } } } }, false],
    ['a property that is not there', { subject: { properties: { role: 'admin' } } }, false],
    ['a list', { subject: { properties: { groups: ['a', 'b'] } } }, true],
    ['a part of a list', { subject: { properties: { groups: ['a'] } } }, false],
    ['a context that is not there', { context: { ip: '::1' } }, false],
    ['the prototype', { context: { constructor: Object } as never }, false],
    ['a matcher', { resource: { id: expect.stringContaining('road') } }, true],
    ['a matcher that does not match', { resource: { id: expect.stringContaining('rail') } }, false],
  ])('is by patterns: %s', async (_name, pattern, decision) => {
    expect(await new FakePdp().permit(pattern).evaluate(VIEW)).toEqual({ decision });
  });

  test('is of the newest rule', async () => {
    const pdp = new FakePdp().permit().deny({ action: 'edit' });
    expect(await pdp.evaluate(VIEW)).toEqual({ decision: true });
    expect(await pdp.evaluate(EDIT)).toEqual({ decision: false });
    pdp.answer({ action: 'edit' }, { decision: true, context: { policies: ['editors'] } });
    expect(await pdp.evaluate(EDIT)).toEqual({ decision: true, context: { policies: ['editors'] } });
    pdp.answer({}, ({ subject }) => subject.id === 'bob');
    expect(await pdp.evaluate(VIEW)).toEqual({ decision: false });
    pdp.reset();
    expect(pdp.asked).toEqual([]);
    expect(await pdp.evaluate(VIEW)).toEqual({ decision: false });
  });

  test('can be none', async () => {
    const pdp = new FakePdp().permit().fail({ action: 'edit' });
    await expect(pdp.evaluate(EDIT)).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    await expect(pdp.evaluateAll([VIEW, EDIT])).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    pdp.fail({}, new Error('of its own'));
    await expect(pdp.evaluate(VIEW)).rejects.toThrow('of its own');
  });

  test('can take until the caller gives up', async () => {
    const pdp = new FakePdp().hang();
    const controller = new AbortController();
    const answer = pdp.evaluate(VIEW, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toMatchObject({ name: 'PdpUnavailableError', cause: new Error('enough') });
    await expect(pdp.evaluate(VIEW, { signal: controller.signal })).rejects.toThrow('the caller gave up');
    expect(pdp.asked).toEqual([VIEW]);
  });

  test('to a batch is one for each, or up to the one that decides', async () => {
    const pdp = new FakePdp().permit({ action: 'view' });
    const [no, yes] = [{ decision: false }, { decision: true }];
    expect(await pdp.evaluateAll([EDIT, VIEW, EDIT])).toEqual([no, yes, no]);
    expect(await pdp.evaluateAll([EDIT, VIEW], { semantic: 'deny_on_first_deny' })).toEqual([no]);
    expect(await pdp.evaluateAll([EDIT, VIEW, EDIT], { semantic: 'permit_on_first_permit' })).toEqual([
      no,
      yes,
    ]);
    pdp.fail({ action: 'edit' }, new InvalidRequestError('resource', 'is unknown'));
    expect(await pdp.evaluateAll([EDIT, VIEW])).toEqual([
      { decision: false, context: { error: { status: 400, message: 'resource: is unknown' } } },
      yes,
    ]);
  });

  test('is by a pattern of the words that questions have', () => {
    expect(() => new FakePdp().permit({ ressource: {} } as never)).toThrow(
      'FakePdp: unknown option "ressource"; the options are subject, action, resource, context',
    );
  });
});

test('what was asked stays as it was', async () => {
  const pdp = new FakePdp();
  const request = question('alice', 'view', 'roadmap');
  await pdp.evaluate(request);
  request.resource.id = 'changed';
  expect(pdp.asked).toEqual([VIEW]);
});

describe('the matchers', () => {
  test('pass when it was asked', async () => {
    const pdp = new FakePdp();
    await pdp.evaluateAll([VIEW, VIEW, EDIT]);
    expect(pdp).toHaveAsked({
      subject: { id: 'alice' },
      action: 'view',
      resource: { type: 'Note', id: 'roadmap' },
    });
    expect(pdp).not.toHaveAsked({ action: 'delete' });
    expect(pdp).toHaveAskedTimes(2, { action: 'view' });
    expect(pdp).toHaveAskedTimes(3);
    expect(pdp).not.toHaveAskedTimes(2);
  });

  test('fail with what was asked', async () => {
    const pdp = new FakePdp();
    expect(() => expect(pdp).toHaveAsked({ action: 'view' })).toThrow(
      'expected the PDP to be asked {"action":"view"}; it was asked nothing',
    );
    await pdp.evaluate({
      subject: { type: 'User', id: 'bob' },
      action: { name: 'edit' },
      resource: { type: 'Note', id: '1', properties: { size: 2n ** 60n } },
    });
    const asked =
      '  {"subject":{"type":"User","id":"bob"},"action":{"name":"edit"},"resource":{"type":"Note","id":"1","properties":{"size":"1152921504606846976n"}}}';
    expect(() => expect(pdp).toHaveAsked({ action: 'view' })).toThrow(
      `expected the PDP to be asked {"action":"view"}; it was asked:\n${asked}`,
    );
    expect(() => expect(pdp).not.toHaveAsked({ action: 'edit' })).toThrow(
      `expected the PDP not to be asked {"action":"edit"}; it was asked:\n${asked}`,
    );
    expect(() => expect(pdp).toHaveAskedTimes(2)).toThrow('expected the PDP to be asked {} 2 times, not 1');
  });

  test('are for a FakePdp', () => {
    expect(() => expect({ asked: [] }).toHaveAsked({})).toThrow(
      'toHaveAsked: expect() must be given a FakePdp',
    );
  });
});
