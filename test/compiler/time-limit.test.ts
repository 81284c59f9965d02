import { expect, it } from 'vitest';
import { watchTime } from '../../compiler/time-limit.ts';

const NEVER = 2 ** 31 - 1;

it('work that waited for a processor is looked at again, and is over once it has had its time', async () => {
  const had = [1, 4, 5, 9];
  const asked: number[] = [];
  await new Promise<void>((over) => {
    watchTime(
      { processor: 5, inAll: NEVER },
      async () => {
        asked.push(had[asked.length] ?? Number.NaN);
        return asked.at(-1) as number;
      },
      over,
    );
  });
  expect(asked).toEqual([1, 4, 5]);
});

it.each([
  ['nothing tells', () => undefined],
  ['it cannot be asked any more', () => Promise.reject(new Error('gone'))],
])('where %s, all time counts', async (_, spent) => {
  await new Promise<void>((over) => {
    watchTime({ processor: 1, inAll: NEVER }, spent, over);
  });
});

it('it is over at the latest when all time is, also when it does not answer', async () => {
  let asked = 0;
  await new Promise<void>((over) => {
    const silent = () => {
      asked += 1;
      return new Promise<number>(() => {});
    };
    watchTime({ processor: 1, inAll: 20 }, silent, over);
  });
  expect(asked).toBe(1);
});

it('work that ended in time is never over', async () => {
  let over = 0;
  const spent = Promise.withResolvers<number>();
  const asked = Promise.withResolvers<void>();
  const end = watchTime(
    { processor: 1, inAll: NEVER },
    () => {
      asked.resolve();
      return spent.promise;
    },
    () => {
      over += 1;
    },
  );
  await asked.promise;
  end();
  spent.resolve(7);
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(0);
});
