import { expect, it } from 'vitest';
import { Turns } from '../../pdp-container/turns.ts';

it('within a turn there is nothing to wait for; after it others get theirs', async () => {
  expect(new Turns(AbortSignal.abort(), 60_000).next()).toBeUndefined();

  const turns = new Turns(new AbortController().signal, -1);
  const order: string[] = [];
  setImmediate(() => order.push('others'));
  await turns.next();
  order.push('next');
  expect(order).toEqual(['others', 'next']);
});

it('a turn is not given once its owner has stopped', async () => {
  const owner = new AbortController();
  const turns = new Turns(owner.signal, -1);
  await turns.next();
  owner.abort(new Error('stopped'));
  await expect(turns.next()).rejects.toThrow('stopped');
});
