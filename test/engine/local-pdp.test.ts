import { describe, expect, it } from 'vitest';
import type { AccessRequest } from '../../engine/index.ts';
import {
  ConfigurationError,
  createPdp,
  formatProblem,
  InvalidBundleError,
  InvalidRequestError,
  PdpAuthenticationError,
  PdpTimeoutError,
  PdpUnavailableError,
  parseAccessRequest,
  parseAction,
  parseSearchedEntity,
} from '../../engine/index.ts';
import { bundleOf, pdpOf } from '../bundles.ts';

const ask = (id: string): AccessRequest => ({
  subject: { type: 'User', id },
  action: { name: 'read' },
  resource: { type: 'Doc', id: 'd' },
});
const BUNDLE = {
  'p.cedar':
    '@id("p") permit(principal == User::"ann", action == Action::"read", resource); permit(principal == User::"bob", action in [Action::"list"], resource);',
};

describe('evaluateAll', () => {
  const batch = [ask('ann'), ask('bob'), ask('ann')];

  it.each([
    ['execute_all', [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ] as const)('with %s', async (semantic, expected) => {
    const pdp = await pdpOf(BUNDLE);
    expect((await pdp.evaluateAll(batch, { semantic })).map(({ decision }) => decision)).toEqual(expected);
  });

  it('denies an invalid item with the reason, and goes on', async () => {
    const pdp = await pdpOf(BUNDLE);
    const bad = { ...ask('ann'), context: { n: 1.5 } };
    const answers = await pdp.evaluateAll([
      bad,
      { ...ask('ann'), subject: 7 } as unknown as AccessRequest,
      ask('ann'),
    ]);
    expect(answers.map(({ decision, context }) => [decision, context?.error])).toEqual([
      [
        false,
        {
          status: 400,
          message: 'context.n: is not a whole number; Cedar has none but Long, so send a decimal as a string',
        },
      ],
      [false, { status: 400, message: 'subject: must be an object' }],
      [true, undefined],
    ]);
  });

  it('lets others have a turn in a long batch, and stops when the caller gives up', async () => {
    const pdp = await pdpOf(BUNDLE);
    const long = Array.from({ length: 12_000 }, () => ask('ann'));
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    expect(await pdp.evaluateAll(long)).toHaveLength(12_000);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    const controller = new AbortController();
    const pending = pdp.evaluateAll(long, { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toBeInstanceOf(PdpUnavailableError);
    await expect(pdp.evaluate(ask('ann'), { signal: controller.signal })).rejects.toThrow(
      'the caller gave up',
    );
  });

  it('does not hide what is wrong with the evaluator', async () => {
    const broken = createPdp(await bundleOf(BUNDLE), {
      evaluator: () => ({
        isAuthorized: () => {
          throw new Error('broken');
        },
      }),
    });
    await expect(broken.evaluateAll([ask('ann')])).rejects.toThrow('broken');
    await expect(broken.searchActions(ask('ann'))).rejects.toThrow('broken');
  });
});

it('actions to search through are those that policies, templates and entities name', async () => {
  const pdp = await pdpOf({
    'p.cedar':
      '@id("t") permit(principal == ?principal, action == Action::"sign", resource); permit(principal, action in [Action::"list", Action::"all"], resource); permit(principal, action == Other::"x", resource);',
    'entities.json':
      '[{"uid":{"type":"Action","id":"read"},"attrs":{},"parents":[{"type":"Action","id":"all"}]},{"uid":{"type":"Action","id":"all"},"attrs":{},"parents":[]}]',
    'links.json': '[{"templateId":"t","newId":"u","values":{"?principal":{"type":"User","id":"ann"}}}]',
  }).catch((error: Error) => error);
  // The official parser refuses an action that is none; without that policy all is well.
  expect(pdp).toBeInstanceOf(Error);
  const good = await pdpOf({
    'p.cedar':
      '@id("t") permit(principal == ?principal, action == Action::"sign", resource); permit(principal, action in [Action::"list", Action::"all"], resource);',
    'entities.json':
      '[{"uid":{"type":"Action","id":"read"},"attrs":{},"parents":[{"type":"Action","id":"all"}]},{"uid":{"type":"Action","id":"all"},"attrs":{},"parents":[]}]',
    'links.json': '[{"templateId":"t","newId":"u","values":{"?principal":{"type":"User","id":"ann"}}}]',
  });
  expect((await good.searchActions(ask('ann'))).results.map(({ name }) => name)).toEqual([
    'all',
    'list',
    'read',
    'sign',
  ]);
  expect((await good.searchActions(ask('bob'))).results.map(({ name }) => name)).toEqual([
    'all',
    'list',
    'read',
  ]);
});

describe('requests of unknown shape', () => {
  const good = ask('ann');

  it.each<[unknown, string]>([
    [undefined, 'request: is required'],
    [null, 'request: must be an object'],
    [[], 'request: must be an object'],
    [{}, 'subject: is required'],
    [{ ...good, subject: 'ann' }, 'subject: must be an object'],
    [{ ...good, subject: { id: 'a' } }, 'subject.type: is required'],
    [{ ...good, subject: { type: 7, id: 'a' } }, 'subject.type: must be a string'],
    [{ ...good, subject: { type: 'User', id: '' } }, 'subject.id: must not be empty'],
    [{ ...good, subject: { type: 'User', id: '\ud800' } }, 'subject.id: is not well-formed Unicode'],
    [{ ...good, subject: { ...good.subject, properties: [] } }, 'subject.properties: must be an object'],
    [{ ...good, action: {} }, 'action.name: is required'],
    [{ ...good, action: { name: 'x', properties: 7 } }, 'action.properties: must be an object'],
    [{ ...good, resource: null }, 'resource: must be an object'],
    [{ ...good, context: 'x' }, 'context: must be an object'],
  ])('%j', (value, message) => {
    expect(() => parseAccessRequest(value)).toThrow(
      expect.objectContaining({
        name: 'InvalidRequestError',
        code: 'invalid_request',
        statusCode: 400,
        message,
      }),
    );
  });

  it('keep what they are and lose what is unknown; null is absent', () => {
    const sent = {
      ...good,
      subject: { ...good.subject, properties: { a: 1 }, extra: 1 },
      context: null,
      more: true,
    };
    expect(parseAccessRequest(sent)).toEqual({ ...good, subject: { ...good.subject, properties: { a: 1 } } });
    expect(parseAccessRequest({ ...good, context: {} })).toEqual({ ...good, context: {} });
    expect(parseSearchedEntity({ type: 'User', id: 'ignored', properties: null }, 'subject')).toEqual({
      type: 'User',
    });
    expect(parseAction({ name: 'x', properties: {} })).toEqual({ name: 'x', properties: {} });
  });
});

it('errors have stable names, codes and statuses', () => {
  const problem = {
    severity: 'warning',
    file: 'a.cedar',
    line: 2,
    column: 3,
    message: 'odd',
    help: 'mend it',
  } as const;
  const errors = [
    new InvalidRequestError('', 'x'),
    new PdpUnavailableError('x'),
    new PdpTimeoutError('x'),
    new PdpAuthenticationError('x'),
    new ConfigurationError('x'),
    new InvalidBundleError([problem]),
  ];
  expect(errors.map(({ name, code, statusCode, message }) => [name, code, statusCode, message])).toEqual([
    ['InvalidRequestError', 'invalid_request', 400, 'x'],
    ['PdpUnavailableError', 'pdp_unavailable', 503, 'x'],
    ['PdpTimeoutError', 'pdp_timeout', 503, 'x'],
    ['PdpAuthenticationError', 'pdp_authentication', 503, 'x'],
    ['ConfigurationError', 'configuration', 500, 'x'],
    ['InvalidBundleError', 'invalid_bundle', 500, 'a.cedar:2:3: warning: odd (mend it)'],
  ]);
  expect(formatProblem({ ...problem, severity: 'error', help: undefined } as never)).toBe('a.cedar:2:3: odd');
});
