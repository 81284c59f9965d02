/**
 * What a placement of the sample costs to leave running, besides requests, by what is in its templates.
 *
 * List prices of us-east-1 in US dollars, November 2026, from aws.amazon.com/fargate/pricing, /privatelink/pricing,
 * /elasticloadbalancing/pricing, /secrets-manager/pricing, /cloudwatch/pricing, /route53/pricing, /kms/pricing and
 * /s3/pricing.
 */
const PRICES = {
  vcpuHour: 0.03238,
  gibHour: 0.00356,
  endpointHour: 0.01,
  balancerHour: 0.0225,
  secret: 0.4,
  metric: 0.3,
  alarm: 0.1,
  dashboard: 3,
  zone: 0.5,
  key: 1,
  get: 0.4e-6,
} as const;

const HOURS = 730;

/** The metrics that the tasks of one PDP write together: lib/monitored-pdp.ts. */
const METRICS = 10;

/** How often a task looks into a store of policies: every 10 seconds. */
const LOOKS_AN_HOUR = 360;

/** CloudFormation templates, as JSON. */
export interface CostTemplate {
  Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

export interface MonthlyCosts {
  readonly tasks: number;
  readonly endpoints: number;
  readonly balancer: number;
  readonly others: number;
  readonly total: number;
}

export function monthlyCosts(templates: readonly CostTemplate[]): MonthlyCosts {
  const resources = templates.flatMap(({ Resources = {} }) => Object.values(Resources));
  const of = (type: string) => resources.filter((resource) => resource.Type === type);
  const [task] = of('AWS::ECS::TaskDefinition');
  const [service] = of('AWS::ECS::Service');
  const [scalable] = of('AWS::ApplicationAutoScaling::ScalableTarget');
  const count = Number(service?.Properties?.DesiredCount ?? scalable?.Properties?.MinCapacity ?? 0);
  const vcpu = Number(task?.Properties?.Cpu ?? 0) / 1024;
  const gib = Number(task?.Properties?.Memory ?? 0) / 1024;
  const tasks = count * HOURS * (vcpu * PRICES.vcpuHour + gib * PRICES.gibHour);
  const zones = of('AWS::EC2::VPCEndpoint').reduce(
    (sum, { Properties }) => sum + ((Properties?.SubnetIds as unknown[] | undefined)?.length ?? 0),
    0,
  );
  const endpoints = zones * HOURS * PRICES.endpointHour;
  const balancer = of('AWS::ElasticLoadBalancingV2::LoadBalancer').length * HOURS * PRICES.balancerHour;
  const others =
    of('AWS::SecretsManager::Secret').length * PRICES.secret +
    (count > 0 ? METRICS * PRICES.metric : 0) +
    of('AWS::KMS::Key').length * PRICES.key +
    (takesFromStore(task?.Properties) ? count * HOURS * LOOKS_AN_HOUR * PRICES.get : 0) +
    of('AWS::CloudWatch::Alarm').length * PRICES.alarm +
    of('AWS::CloudWatch::Dashboard').length * PRICES.dashboard +
    (of('AWS::ServiceDiscovery::PrivateDnsNamespace').length + of('AWS::Route53::HostedZone').length) *
      PRICES.zone;
  return { tasks, endpoints, balancer, others, total: tasks + endpoints + balancer + others };
}

/** Whether a task has policies that are published while it runs. */
function takesFromStore(task: Record<string, unknown> = {}): boolean {
  const containers = (task.ContainerDefinitions ?? []) as { Environment?: { Name: string }[] }[];
  return containers.some(({ Environment = [] }) => Environment.some(({ Name }) => Name === 'PDP_SOURCE'));
}

/** A row of the README's table. */
export function costRow(placement: string, costs: MonthlyCosts): string {
  const cell = (dollars: number) => (dollars === 0 ? '| ' : `| $${Math.round(dollars)} `);
  const { tasks, endpoints, balancer, others, total } = costs;
  const cells = [tasks, endpoints, balancer, others].map(cell);
  return `| ${placement} ${cells.join('')}| **$${Math.round(total)}** |`;
}
