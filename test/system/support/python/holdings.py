"""Prints what the mock of AWS holds, as JSON. The environment says where it is."""

import json

import boto3


def pages(client: str, operation: str, **arguments):
    return boto3.client(client).get_paginator(operation).paginate(**arguments)


def stack(found):
    name = found["StackName"]
    resources = [
        resource
        for page in pages("cloudformation", "list_stack_resources", StackName=name)
        for resource in page["StackResourceSummaries"]
    ]
    return {
        "name": name,
        "status": found["StackStatus"],
        "created": found["CreationTime"].isoformat(),
        "resources": {one["LogicalResourceId"]: one.get("PhysicalResourceId") for one in resources},
    }


def services():
    ecs = boto3.client("ecs")
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        if arns:
            yield from ecs.describe_services(cluster=cluster, services=arns)["services"]


def task_definition(arn: str):
    return boto3.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


ec2 = boto3.client("ec2")
holdings = {
    "stacks": [
        stack(found)
        for page in pages("cloudformation", "describe_stacks")
        for found in page["Stacks"]
    ],
    "services": [
        {**service, "task": task_definition(service["taskDefinition"])} for service in services()
    ],
    "functions": [f for page in pages("lambda", "list_functions") for f in page["Functions"]],
    "securityGroups": ec2.describe_security_groups()["SecurityGroups"],
    "endpoints": ec2.describe_vpc_endpoints()["VpcEndpoints"],
    "secrets": [s["ARN"] for page in pages("secretsmanager", "list_secrets") for s in page["SecretList"]],
    "discovery": boto3.client("servicediscovery").list_services()["Services"],
}
print(json.dumps(holdings, default=str))
