"""Writes api-model.json: what SageMaker's API demands of the requests that Harrier sends (types, required fields,
patterns, lengths, enumerations), read from the description of the API that botocore carries.

    pip install botocore && python3 test/sagemaker/fake/api-model.py && npx biome check --write test/sagemaker/fake
"""

import glob
import gzip
import json
import os

import botocore

# Per operation the fields that Harrier may send; what is required is always there.
OPERATIONS = {
    "CreateTrainingJob": "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig "
    "OutputDataConfig ResourceConfig StoppingCondition Tags EnableManagedSpotTraining CheckpointConfig",
    "DescribeTrainingJob": "TrainingJobName",
    "StopTrainingJob": "TrainingJobName",
    "ListTrainingJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateHyperParameterTuningJob": "HyperParameterTuningJobName HyperParameterTuningJobConfig "
    "TrainingJobDefinition Tags",
    "DescribeHyperParameterTuningJob": "HyperParameterTuningJobName",
    "StopHyperParameterTuningJob": "HyperParameterTuningJobName",
    "ListHyperParameterTuningJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateModel": "ModelName PrimaryContainer ExecutionRoleArn Tags",
    "DescribeModel": "ModelName",
    "DeleteModel": "ModelName",
    "CreateEndpointConfig": "EndpointConfigName ProductionVariants Tags",
    "DescribeEndpointConfig": "EndpointConfigName",
    "DeleteEndpointConfig": "EndpointConfigName",
    "CreateEndpoint": "EndpointName EndpointConfigName Tags",
    "DescribeEndpoint": "EndpointName",
    "UpdateEndpoint": "EndpointName EndpointConfigName DeploymentConfig",
    "DeleteEndpoint": "EndpointName",
    "ListEndpoints": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListEndpointConfigs": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListModels": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateTransformJob": "TransformJobName ModelName TransformInput TransformOutput TransformResources "
    "BatchStrategy MaxConcurrentTransforms MaxPayloadInMB Tags",
    "DescribeTransformJob": "TransformJobName",
    "StopTransformJob": "TransformJobName",
    "ListTransformJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListTags": "ResourceArn NextToken MaxResults",
    "AddTags": "ResourceArn Tags",
    "DeleteTags": "ResourceArn TagKeys",
}
FIELDS = {
    "AlgorithmSpecification": "TrainingImage TrainingInputMode MetricDefinitions",
    "HyperParameterAlgorithmSpecification": "TrainingImage TrainingInputMode MetricDefinitions",
    "Channel": "ChannelName DataSource ContentType InputMode",
    "DataSource": "S3DataSource",
    "S3DataSource": "S3DataType S3Uri S3DataDistributionType",
    "OutputDataConfig": "S3OutputPath",
    "ResourceConfig": "InstanceType InstanceCount VolumeSizeInGB",
    "StoppingCondition": "MaxRuntimeInSeconds MaxWaitTimeInSeconds",
    "CheckpointConfig": "S3Uri",
    "HyperParameterTuningJobConfig": "Strategy HyperParameterTuningJobObjective ResourceLimits ParameterRanges "
    "TrainingJobEarlyStoppingType RandomSeed",
    "ResourceLimits": "MaxNumberOfTrainingJobs MaxParallelTrainingJobs",
    "HyperParameterTrainingJobDefinition": "StaticHyperParameters AlgorithmSpecification RoleArn InputDataConfig "
    "OutputDataConfig ResourceConfig StoppingCondition EnableManagedSpotTraining CheckpointConfig",
    "ParameterRanges": "IntegerParameterRanges ContinuousParameterRanges CategoricalParameterRanges",
    "ContainerDefinition": "Image ModelDataUrl Environment",
    "ProductionVariant": "VariantName ModelName InitialInstanceCount InstanceType InitialVariantWeight "
    "ServerlessConfig ContainerStartupHealthCheckTimeoutInSeconds",
    "ProductionVariantServerlessConfig": "MemorySizeInMB MaxConcurrency",
    "DeploymentConfig": "BlueGreenUpdatePolicy",
    "BlueGreenUpdatePolicy": "TrafficRoutingConfiguration TerminationWaitInSeconds",
    "TrafficRoutingConfig": "Type WaitIntervalInSeconds",
    "TransformInput": "DataSource ContentType SplitType",
    "TransformOutput": "S3OutputPath Accept AssembleWith",
    "TransformResources": "InstanceType InstanceCount",
}

folder = os.path.join(os.path.dirname(botocore.__file__), "data/sagemaker/*/service-2.json*")
path = sorted(glob.glob(folder))[-1]
with (gzip.open if path.endswith("gz") else open)(path) as file:
    model = json.load(file)
shapes = {}


def add(name, fields=None):
    if name in shapes:
        return
    shape = model["shapes"][name]
    own = {key: shape[key] for key in ("type", "min", "max", "pattern", "required") if shape.get(key) is not None}
    if "enum" in shape:
        own["enum"] = " ".join(shape["enum"])
    shapes[name] = own
    if shape["type"] == "structure":
        kept = (fields or FIELDS.get(name) or " ".join(shape["members"])).split() + shape.get("required", [])
        own["members"] = {key: shape["members"][key]["shape"] for key in dict.fromkeys(kept)}
        for member in own["members"].values():
            add(member)
    for key in ("member", "key", "value"):
        if isinstance(shape.get(key), dict):
            own[key] = shape[key]["shape"]
            add(own[key])


operations = {}
for operation, fields in OPERATIONS.items():
    operations[operation] = model["operations"][operation]["input"]["shape"]
    add(operations[operation], fields)
target = os.path.join(os.path.dirname(__file__), "api-model.json")
with open(target, "w") as file:
    json.dump({"operations": operations, "shapes": shapes}, file, indent=2)
