import { describe, expect, it } from 'vitest';
import { buildFiles, compileDirectory } from '../../compiler/index.ts';
import { openPdp } from '../../engine/built-pdp.ts';
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
    let permits = 0;
    for (const { id } of [...ofType('User'), nobody]) {
      for (const action of [...actions, 'unheard-of']) {
        for (const resource of [...ofType('Note'), ...ofType('Folder'), { type: 'Note', id: 'none' }]) {
          const question = { ...request(id, action, resource), context };
          const decision = whole.decide(question);
          if (decision.decision) permits += 1;
          for (const pdp of [openPdp(source), warm, other])
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
});
