"""Resource types for moto's CloudFormation: those that the tests look at, and a record of all others."""

import json
from typing import Any

from moto.cloudformation import cloudformation_backends
from moto.cloudformation import parsing
from moto.kms.models import Key
from moto.secretsmanager.models import secretsmanager_backends
from moto.servicediscovery.models import servicediscovery_backends

from mock_aws.ec2 import SecurityGroup, SecurityGroupEgress
from mock_aws.ecs import EcsService, EcsTaskDefinition
from mock_aws.resource import Resource


class Secret(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        backend = secretsmanager_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        text = properties.get("SecretString")
        generate = properties.get("GenerateSecretString")
        if generate is not None:
            answer = backend.get_random_password(
                password_length=int(generate.get("PasswordLength", 32)),
                exclude_characters=generate.get("ExcludeCharacters", ""),
                exclude_numbers=generate.get("ExcludeNumbers", False),
                exclude_punctuation=generate.get("ExcludePunctuation", False),
                exclude_uppercase=generate.get("ExcludeUppercase", False),
                exclude_lowercase=generate.get("ExcludeLowercase", False),
                include_space=generate.get("IncludeSpace", False),
                require_each_included_type=generate.get("RequireEachIncludedType", True),
            )
            password = json.loads(answer)["RandomPassword"]
            text = password
            if "GenerateStringKey" in generate:
                template = json.loads(generate.get("SecretStringTemplate", "{}"))
                text = json.dumps({**template, generate["GenerateStringKey"]: password})
        backend.create_secret(
            name=properties.get("Name", resource_name),
            secret_string=text,
            secret_binary=None,
            description=properties.get("Description"),
            tags=properties.get("Tags"),
            kms_key_id=properties.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        arn = backend.describe_secret(properties.get("Name", resource_name)).arn
        return cls(arn, {"Id": arn})


class PrivateDnsNamespace(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        backend = servicediscovery_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        known = set(backend.namespaces)
        backend.create_private_dns_namespace(
            name=properties["Name"],
            creator_request_id=resource_name,
            description=properties.get("Description", ""),
            vpc=properties["Vpc"],
            tags=properties.get("Tags", []),
            properties=properties.get("Properties", {}),
        )
        (made,) = set(backend.namespaces) - known
        namespace = backend.namespaces[made]
        zone = namespace.dns_properties["HostedZoneId"]
        return cls(made, {"Id": made, "Arn": namespace.arn, "HostedZoneId": zone})


class DiscoveryService(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        service = servicediscovery_backends[account_id][region_name].create_service(
            name=properties.get("Name", resource_name),
            namespace_id=properties["NamespaceId"],
            creator_request_id=resource_name,
            description=properties.get("Description", ""),
            dns_config=properties.get("DnsConfig", {}),
            health_check_config=properties.get("HealthCheckConfig", {}),
            health_check_custom_config=properties.get("HealthCheckCustomConfig", {}),
            tags=properties.get("Tags", []),
            service_type=properties.get("Type", "DNS"),
        )
        return cls(service.id, {"Id": service.id, "Arn": service.arn, "Name": service.name})


class KmsKey(Resource):
    """A key with tags, which moto's own cannot be made with."""

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        properties = {name: value for name, value in cloudformation_json["Properties"].items() if name != "Tags"}
        untagged = {**cloudformation_json, "Properties": properties}
        made = Key.create_from_cloudformation_json(resource_name, untagged, account_id, region_name, **kwargs)
        return cls(made.id, {"Arn": made.arn, "KeyId": made.id})


class Recorded(Resource):
    """A type that moto's CloudFormation does not know, or a custom resource: made up, so that references to it work."""

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        made = cls(resource_name, {})
        made.arn = f"arn:aws:mock:{region_name}:{account_id}:{kwargs['LogicalId']}"
        return made

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        if attribute_name.endswith("Arn"):
            return self.arn
        return f"{attribute_name}-of-{self.physical_resource_id}"


MADE = {
    "AWS::KMS::Key": KmsKey,
    "AWS::SecretsManager::Secret": Secret,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": PrivateDnsNamespace,
    "AWS::ServiceDiscovery::Service": DiscoveryService,
    "AWS::EC2::SecurityGroup": SecurityGroup,
    "AWS::EC2::SecurityGroupEgress": SecurityGroupEgress,
    "AWS::ECS::Service": EcsService,
    "AWS::ECS::TaskDefinition": EcsTaskDefinition,
}


def install() -> None:
    """Makes moto's parser ask here first; moto has no hook for it."""
    known = parsing.resource_class_from_type
    clean_known = parsing.clean_json

    def resource_class_from_type(resource_type: str):
        if resource_type in MADE:
            return MADE[resource_type]
        if resource_type in parsing.NULL_MODELS or resource_type in parsing.get_model_map():
            return known(resource_type)
        return Recorded

    parsing.resource_class_from_type = resource_class_from_type

    def clean_json(resource_json: Any, resources_map: Any) -> Any:
        # Fn::GetStackOutput: how CDK refers to another stack's resource without an export.
        if isinstance(resource_json, dict) and "Fn::GetStackOutput" in resource_json:
            return _stack_output(clean_known(resource_json["Fn::GetStackOutput"], resources_map), resources_map)
        return clean_known(resource_json, resources_map)

    parsing.clean_json = clean_json


def _stack_output(reference: dict[str, str], resources_map: Any) -> str:
    account, region = resources_map["AWS::AccountId"], resources_map["AWS::Region"]
    stack = cloudformation_backends[account][reference.get("Region", region)].get_stack(reference["StackName"])
    return stack.output_map[reference["OutputName"]].value
