"""Services and task definitions of ECS whole: of moto's own only the name and the containers come through."""

from typing import Any

from moto.core.utils import pascal_to_camelcase, remap_nested_keys
from moto.ecs.models import ecs_backends

from mock_aws.resource import Resource


class EcsTaskDefinition(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        made = ecs_backends[account_id][region_name].register_task_definition(
            family=properties.get("Family", resource_name),
            container_definitions=_as_api(properties["ContainerDefinitions"]),
            volumes=_as_api(properties.get("Volumes", [])),
            network_mode=properties.get("NetworkMode"),
            requires_compatibilities=properties.get("RequiresCompatibilities"),
            cpu=properties.get("Cpu"),
            memory=properties.get("Memory"),
            task_role_arn=properties.get("TaskRoleArn"),
            execution_role_arn=properties.get("ExecutionRoleArn"),
            runtime_platform=_as_api(properties.get("RuntimePlatform")),
        )
        return cls(made.arn, {"TaskDefinitionArn": made.arn})


class EcsService(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        made = ecs_backends[account_id][region_name].create_service(
            properties["Cluster"],
            properties.get("ServiceName", resource_name),
            properties.get("DesiredCount", 1),
            task_definition_str=properties["TaskDefinition"],
            load_balancers=_as_api(properties.get("LoadBalancers", [])),
            # Capacity providers of Fargate, where it states no launch type.
            launch_type=properties.get("LaunchType", "FARGATE"),
            service_registries=_as_api(properties.get("ServiceRegistries", [])),
            platform_version=properties.get("PlatformVersion"),
            network_configuration=_as_api(properties.get("NetworkConfiguration")),
        )
        return cls(made.arn, {"ServiceArn": made.arn, "Name": made.name})


def _as_api(properties: Any) -> Any:
    """CloudFormation's names begin with a capital letter, those of the API do not."""
    return remap_nested_keys(properties, pascal_to_camelcase)
