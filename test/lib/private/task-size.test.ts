import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTaskSize, FARGATE_MEMORY } from '../../../lib/private/task-size.ts';
import { SynthesisError } from '../../../lib/synthesis-error.ts';

describe('the size of a task', () => {
  it.each([
    [256, 512],
    [512, 1024],
    [1024, 2048],
    [4096, 30_720],
    [16_384, 122_880],
  ])('takes %i CPU units with %i MiB', (cpu, memory) => {
    expect(() => checkTaskSize(cpu, memory)).not.toThrow();
  });

  it('names the sizes that there are when the CPU is none of them', () => {
    expect(() => checkTaskSize(300, 512)).toThrow(
      new SynthesisError('cpu: 300 is no Fargate size; use one of 256, 512, 1024, 2048, 4096, 8192, 16384'),
    );
  });

  it('names the next memory size up', () => {
    expect(() => checkTaskSize(256, 600)).toThrow(
      new SynthesisError(
        'memoryLimitMiB: Fargate does not pair 600 MiB with 256 CPU units; use 1024, or another of 512, 1024, 2048',
      ),
    );
  });

  it('names the largest memory size when more is asked for', () => {
    expect(() => checkTaskSize(512, 8192)).toThrow('8192 MiB with 512 CPU units; use 4096, or another of');
  });

  it('refuses a pair with a suggestion that it then takes, or takes the pair', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FARGATE_MEMORY.keys()),
        fc.integer({ min: 1, max: 200_000 }),
        (cpu, memory) => {
          if (FARGATE_MEMORY.get(cpu)?.includes(memory)) return checkTaskSize(cpu, memory);
          let message = '';
          try {
            checkTaskSize(cpu, memory);
          } catch (error) {
            message = String(error);
          }
          const suggestion = Number(/use (\d+)/.exec(message)?.[1]);
          checkTaskSize(cpu, suggestion);
        },
      ),
    );
  });
});
