import type { Assembly, SynthesizedStack } from './assemblies.ts';

/** What a value of a template refers to, in its own stack or another one of the assembly. */
export interface Target {
  stack: SynthesizedStack;
  logicalId: string;
  /** The attribute of `Fn::GetAtt`, or `Ref`. */
  attribute: string;
}

/** A name that no two resources of an assembly have. */
export function nameOf({ stack, logicalId }: Target): string {
  return `${stack.name}/${logicalId}`;
}

/**
 * Follows a reference to the resource it is about, across stacks too: through exports, and through outputs that are
 * none.
 *
 * @throws Error when the value is no such reference, or nothing is there
 */
export function targetOf(
  value: unknown,
  stack: SynthesizedStack,
  assembly: Pick<Assembly, 'stacks'>,
): Target {
  const { Ref, 'Fn::GetAtt': getAtt, ...others } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return existing({ stack, logicalId: Ref, attribute: 'Ref' });
  if (getAtt !== undefined) {
    const [logicalId = '', attribute = ''] = Array.isArray(getAtt)
      ? (getAtt as string[])
      : String(getAtt).split(/\.(.*)/s);
    return existing({ stack, logicalId, attribute });
  }
  const { 'Fn::ImportValue': imported, 'Fn::GetStackOutput': got } = others;
  for (const producer of assembly.stacks) {
    for (const [key, output] of Object.entries(producer.template.Outputs ?? {})) {
      const { StackName, OutputName } = (got ?? {}) as Record<string, unknown>;
      const isImported = imported !== undefined && output.Export?.Name === imported;
      const isGot = got !== undefined && StackName === producer.name && OutputName === key;
      if (isImported || isGot) return targetOf(output.Value, producer, assembly);
    }
  }
  throw new Error(`${stack.name}: ${JSON.stringify(value)} refers to no resource of the assembly`);
}

function existing(target: Target): Target {
  if (target.logicalId in target.stack.template.Resources) return target;
  throw new Error(`${target.stack.name}: there is no resource ${target.logicalId}`);
}
