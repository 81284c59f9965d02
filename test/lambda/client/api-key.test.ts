import { describe, expect, test } from 'vitest';
import { apiKeySource } from '../../../lambda/client/api-key.ts';

describe('a key that is read', () => {
  test('is read once, also by calls at the same time', async () => {
    let reads = 0;
    const source = apiKeySource(async () => {
      reads += 1;
      return `key-${reads}`;
    });
    expect(await Promise.all([source.get(), source.get()])).toEqual(['key-1', 'key-1']);
    expect(await source.get()).toBe('key-1');
    expect(reads).toBe(1);
  });

  test('is read again after a failure, which is told as unavailable', async () => {
    let reads = 0;
    const source = apiKeySource(() => {
      reads += 1;
      if (reads === 1) throw new Error('throttled');
      return 'key';
    });
    await expect(source.get()).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      cause: { message: 'throttled' },
    });
    expect(await source.get()).toBe('key');
  });

  test('is read again when it was refused, at most once a minute, and once for each key', async () => {
    let now = 1_000_000;
    let reads = 0;
    const source = apiKeySource(
      () => {
        reads += 1;
        return `key-${reads}`;
      },
      () => now,
    );
    expect(await source.get()).toBe('key-1');
    now += 59_999;
    source.refused('key-1');
    expect(await source.get()).toBe('key-1');
    now += 1;
    source.refused('key-1');
    expect(await source.get()).toBe('key-2');
    now += 60_000;
    source.refused('key-1');
    expect(await source.get()).toBe('key-2');
    source.refused('key-2');
    expect(await source.get()).toBe('key-3');
  });

  test.each(['', 'two words', 'line\nbreak', 7])('that cannot be sent is unavailable: %j', async (key) => {
    const source = apiKeySource(() => key as string);
    await expect(source.get()).rejects.toMatchObject({ name: 'PdpUnavailableError' });
  });
});
