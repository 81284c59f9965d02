"""What the resource types of this folder have in common."""

from typing import Any

from moto.core.common_models import CloudFormationModel


class Resource(CloudFormationModel):
    """What CloudFormation made: the value of its `Ref`, and its attributes."""

    def __init__(self, physical_id: str, attributes: dict[str, Any]):
        self.physical_resource_id = physical_id
        self.attributes = attributes

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        return self.attributes[attribute_name]

    def is_created(self) -> bool:
        return True

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""
