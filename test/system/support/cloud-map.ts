import type { Assembly } from './assemblies.ts';
import { nameOf, targetOf } from './references.ts';
import { ofType } from './template.ts';

/** An ECS service that private DNS has a name for. */
export interface DiscoveredService {
  /** `api.pdp.internal` */
  hostname: string;
  /** `Stack/LogicalId` of its task definition. */
  taskDefinition: string;
  /** Of its tasks, named `Stack/LogicalId`. */
  securityGroups: string[];
}

/** The services of an assembly that are registered in Cloud Map, under the names that it gives them. */
export function discoveredServices(assembly: Assembly): DiscoveredService[] {
  return assembly.stacks.flatMap((stack) =>
    [...ofType(stack.template, 'AWS::ECS::Service').values()].flatMap((service) => {
      const [registry] = (service.ServiceRegistries ?? []) as { RegistryArn: unknown }[];
      if (registry === undefined) return [];
      const discovery = targetOf(registry.RegistryArn, stack, assembly);
      const { Name, NamespaceId } = propertiesOf(discovery);
      const namespace = propertiesOf(targetOf(NamespaceId, discovery.stack, assembly));
      const { AwsvpcConfiguration } = service.NetworkConfiguration as {
        AwsvpcConfiguration: { SecurityGroups: unknown[] };
      };
      const securityGroups = AwsvpcConfiguration.SecurityGroups.map((group) =>
        nameOf(targetOf(group, stack, assembly)),
      );
      const taskDefinition = nameOf(targetOf(service.TaskDefinition, stack, assembly));
      return [{ hostname: `${Name}.${namespace.Name}`, taskDefinition, securityGroups }];
    }),
  );
}

function propertiesOf({ stack, logicalId }: ReturnType<typeof targetOf>): Record<string, unknown> {
  return stack.template.Resources[logicalId]?.Properties ?? {};
}
