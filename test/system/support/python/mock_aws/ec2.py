"""Egress of security groups, which moto's CloudFormation leaves as EC2 makes it: to everywhere."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup as KnownSecurityGroup

from mock_aws.resource import Resource


class SecurityGroup(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        made = KnownSecurityGroup.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        backend = ec2_backends[account_id][region_name]
        for rule in cloudformation_json["Properties"].get("SecurityGroupEgress", []):
            _allow_egress(backend, made.id, rule)
        return cls(made.id, {"GroupId": made.id, "VpcId": made.vpc_id})


class SecurityGroupEgress(Resource):
    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        rule = cloudformation_json["Properties"]
        _allow_egress(ec2_backends[account_id][region_name], rule["GroupId"], rule)
        return cls(resource_name, {"Id": resource_name})


def _allow_egress(backend: Any, group_id: str, rule: dict[str, Any]) -> None:
    _remove_default_egress(backend, group_id)
    description = rule.get("Description")
    cidr = rule.get("CidrIp")
    group = rule.get("DestinationSecurityGroupId")
    backend.authorize_security_group_egress(
        group_name_or_id=group_id,
        ip_protocol=rule["IpProtocol"],
        from_port=rule.get("FromPort"),
        to_port=rule.get("ToPort"),
        ip_ranges=[] if cidr is None else [{"CidrIp": cidr, "Description": description}],
        source_groups=[] if group is None else [{"GroupId": group, "Description": description}],
    )


def _remove_default_egress(backend: Any, group_id: str) -> None:
    """CloudFormation takes the rule that EC2 makes out with the first one that a template states."""
    for rule in backend.get_security_group_from_id(group_id).egress_rules:
        if str(rule.ip_protocol) == "-1" and rule.ip_range.get("CidrIp") == "0.0.0.0/0":
            backend.revoke_security_group_egress(group_id, "-1", None, None, [{"CidrIp": "0.0.0.0/0"}], [])
            return
