import { describe, expect, it } from 'vitest';
import { buildFiles, compileDirectory } from '../../compiler/index.ts';
import { openPdp, openPdpInTurns } from '../../engine/built-pdp.ts';
import { type AccessRequest, type Bundle, createPdp } from '../../engine/index.ts';
import { type BuiltBundle, readBuilt } from '../../engine/read-built.ts';
import { bundleOf } from '../bundles.ts';

async function built(bundle: Bundle): Promise<BuiltBundle> {
  const files = await buildFiles(bundle);
  return readBuilt((path) => {
    const content = files.get(path);
    return content === undefined ? undefined : new TextDecoder().decode(content);
  });
}

const request = (id: string, name: string, resource: AccessRequest['resource']): AccessRequest => ({
  subject: { type: 'User', id },
  action: { name },
  resource,
});

describe('a PDP over a built bundle', () => {
  it('answers all that the sample can be asked as a PDP over the whole bundle', async () => {
    const compiled = await compileDirectory('pdp-container/policies');
    if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
    const { bundle } = compiled;
    const whole = createPdp(bundle);
    const source = await built(bundle);
    const warm = openPdp(source);
    const other = openPdp({ ...source, checkedBy: '0.0.0' });
    const ofType = (type: string) => bundle.entities.map(({ uid }) => uid).filter((uid) => uid.type === type);
    const nobody = { type: 'User', id: 'nobody' };
    const actions = Object.keys(bundle.schema?.['']?.actions ?? {});
    const context = { now: '2026-01-31T12:00:00Z' };
    const inTurns = await openPdpInTurns({ ...source, checkedBy: '0.0.0' }, async () => {});
    let permits = 0;
    for (const { id } of [...ofType('User'), nobody]) {
      for (const action of [...actions, 'unheard-of']) {
        for (const resource of [...ofType('Note'), ...ofType('Folder'), { type: 'Note', id: 'none' }]) {
          const question = { ...request(id, action, resource), context };
          const decision = whole.decide(question);
          if (decision.decision) permits += 1;
          for (const pdp of [openPdp(source), warm, other, inTurns])
            expect(pdp.decide(question), JSON.stringify(question)).toEqual(decision);
        }
      }
    }
    expect(permits).toBeGreaterThan(50);
  });

  it('gives the advice of policies and of the templates of links', async () => {
    const pdp = openPdp(
      await built(
        await bundleOf({
          'p.cedar': `@id("p") @advice("of p") permit(principal, action == Action::"read", resource);
            @id("q") permit(principal, action == Action::"read", resource);
            @id("t") @advice("of t") permit(principal == ?principal, action == Action::"read", resource);`,
          'links.json': JSON.stringify([
            { templateId: 't', newId: 'l', values: { '?principal': { type: 'User', id: 'u' } } },
          ]),
        }),
      ),
    );
    for (let times = 0; times < 2; times += 1) {
      expect(await pdp.evaluate(request('u', 'read', { type: 'Doc', id: 'd' }))).toMatchObject({
        decision: true,
        context: { policies: ['l', 'p', 'q'], advice: ['of t', 'of p'] },
      });
    }
  });

  it('holds what another version has checked to what this one takes', async () => {
    const { policies, ...rest } = await bundleOf({
      'p.cedar': '@id("p") permit(principal, action, resource) when { context has a };',
    });
    const newer = JSON.parse(JSON.stringify(policies).replace('"has"', '"hasNot"')) as Bundle['policies'];
    const source = await built({ ...rest, policies: newer });
    expect(() => openPdp(source)).not.toThrow();
    const refusal = expect.objectContaining({ message: 'policy p: there is no operator or function hasNot' });
    expect(() => openPdp({ ...source, checkedBy: '9.0.0' })).toThrow(refusal);
    const { checkedBy, ...unsaid } = source;
    expect(checkedBy).toMatch(/^\d+\.\d+\.\d+$/);
    expect(() => openPdp(unsaid)).toThrow(refusal);
  });

  it('reads many entities in turns, when it must read them all', async () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `user-${n}`);
    const entities = names.map((id) => ({ uid: { type: 'User', id }, attrs: {}, parents: [] }));
    const source = await built({
      ...(await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' })),
      entities,
    });
    let turns = 0;
    const turn = async () => {
      turns += 1;
    };
    await openPdpInTurns(source, turn);
    expect(turns).toBe(0);
    const other = { ...source, checkedBy: '9.0.0' };
    const pdp = await openPdpInTurns(other, turn);
    expect(turns).toBe(4);
    expect(pdp.decide(request('user-999', 'read', { type: 'Doc', id: 'd' }))).toMatchObject({
      decision: true,
    });
    await expect(openPdpInTurns(other, () => Promise.reject(new Error('enough')))).rejects.toThrow('enough');
  });

  it('takes no entity that this version cannot read, when another has checked it', async () => {
    const bundle = await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' });
    const attrs = { a: { __extn: { fn: 'newer', arg: '1' } } };
    const source = await built({
      ...bundle,
      entities: [{ uid: { type: 'User', id: 'u' }, attrs, parents: [] }],
    });
    expect(() => openPdp(source)).not.toThrow();
    const refusal = expect.objectContaining({ name: 'PdpUnavailableError' });
    const other = { ...source, checkedBy: '9.0.0' };
    expect(() => openPdp(other)).toThrow(refusal);
    await expect(openPdpInTurns(other, async () => {})).rejects.toEqual(refusal);
  });
});
