import { Stack } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';

/**
 * Whether two constructs are one VPC: the same construct, or imports of the same id. An id that is known only when
 * deployed is compared within a stack, where the same expression is the same value.
 */
export function isSameVpc(one: IVpc, other: IVpc): boolean {
  if (one.node === other.node || one.vpcId === other.vpcId) return true;
  const stack = Stack.of(one);
  const text = (vpc: IVpc) => JSON.stringify(stack.resolve(vpc.vpcId));
  return stack === Stack.of(other) && text(one) === text(other);
}
