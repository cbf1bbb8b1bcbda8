"""Writes api-model.json: what AWS's APIs demand of the requests that Harrier sends (types, required fields, patterns,
lengths, enumerations), read from the descriptions of the APIs that botocore carries.

    pip install botocore && python3 test/sagemaker/fake/api-model.py && npx biome check --write test/sagemaker/fake
"""

import glob
import gzip
import json
import os
import re

import botocore

# Per operation the fields that Harrier may send; what is required is always there.
OPERATIONS = {
    "CreateTrainingJob": "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig "
    "OutputDataConfig ResourceConfig StoppingCondition Tags EnableManagedSpotTraining CheckpointConfig VpcConfig "
    "EnableNetworkIsolation EnableInterContainerTrafficEncryption",
    "DescribeTrainingJob": "TrainingJobName",
    "StopTrainingJob": "TrainingJobName",
    "ListTrainingJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateHyperParameterTuningJob": "HyperParameterTuningJobName HyperParameterTuningJobConfig "
    "TrainingJobDefinition Tags",
    "DescribeHyperParameterTuningJob": "HyperParameterTuningJobName",
    "StopHyperParameterTuningJob": "HyperParameterTuningJobName",
    "ListHyperParameterTuningJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateModel": "ModelName PrimaryContainer ExecutionRoleArn VpcConfig EnableNetworkIsolation Tags",
    "DescribeModel": "ModelName",
    "DeleteModel": "ModelName",
    "CreateEndpointConfig": "EndpointConfigName ProductionVariants AsyncInferenceConfig DataCaptureConfig KmsKeyId Tags "
    "ExecutionRoleArn VpcConfig EnableNetworkIsolation",
    "DescribeEndpointConfig": "EndpointConfigName",
    "DeleteEndpointConfig": "EndpointConfigName",
    "CreateEndpoint": "EndpointName EndpointConfigName Tags",
    "DescribeEndpoint": "EndpointName",
    "UpdateEndpoint": "EndpointName EndpointConfigName DeploymentConfig",
    "DeleteEndpoint": "EndpointName",
    "ListEndpoints": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListEndpointConfigs": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListModels": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateInferenceComponent": "InferenceComponentName EndpointName VariantName Specification RuntimeConfig Tags",
    "DescribeInferenceComponent": "InferenceComponentName",
    "UpdateInferenceComponent": "InferenceComponentName Specification RuntimeConfig",
    "UpdateInferenceComponentRuntimeConfig": "InferenceComponentName DesiredRuntimeConfig",
    "DeleteInferenceComponent": "InferenceComponentName",
    "ListInferenceComponents": "MaxResults SortBy SortOrder NameContains NextToken EndpointNameEquals",
    "CreateTransformJob": "TransformJobName ModelName TransformInput TransformOutput TransformResources "
    "BatchStrategy MaxConcurrentTransforms MaxPayloadInMB Tags",
    "DescribeTransformJob": "TransformJobName",
    "StopTransformJob": "TransformJobName",
    "ListTransformJobs": "MaxResults SortBy SortOrder NameContains NextToken",
    "ListTags": "ResourceArn NextToken MaxResults",
    "AddTags": "ResourceArn Tags",
    "DeleteTags": "ResourceArn TagKeys",
    "CreateModelPackageGroup": "ModelPackageGroupName ModelPackageGroupDescription Tags",
    "DeleteModelPackageGroup": "ModelPackageGroupName",
    "ListModelPackageGroups": "MaxResults SortBy SortOrder NameContains NextToken",
    "CreateModelPackage": "ModelPackageGroupName ModelPackageDescription InferenceSpecification ModelApprovalStatus "
    "ModelMetrics CustomerMetadataProperties ClientToken Tags",
    "DescribeModelPackage": "ModelPackageName",
    "UpdateModelPackage": "ModelPackageArn ModelApprovalStatus ApprovalDescription",
    "DeleteModelPackage": "ModelPackageName",
    "ListModelPackages": "ModelPackageGroupName ModelApprovalStatus MaxResults SortBy SortOrder NextToken",
}
# The same of other services.
OTHERS = {
    "cloudwatch": {
        "PutMetricAlarm": "AlarmName AlarmDescription AlarmActions MetricName Namespace Statistic ExtendedStatistic "
        "Dimensions Period EvaluationPeriods Threshold ComparisonOperator TreatMissingData Tags",
        "DescribeAlarms": "AlarmNames AlarmTypes",
        "DeleteAlarms": "AlarmNames",
    },
    "application-autoscaling": {
        "RegisterScalableTarget": "ServiceNamespace ResourceId ScalableDimension MinCapacity MaxCapacity",
        "DeregisterScalableTarget": "ServiceNamespace ResourceId ScalableDimension",
        "DescribeScalableTargets": "ServiceNamespace ResourceIds",
        "PutScalingPolicy": "PolicyName ServiceNamespace ResourceId ScalableDimension PolicyType "
        "StepScalingPolicyConfiguration TargetTrackingScalingPolicyConfiguration",
    },
}
FIELDS = {
    "AlgorithmSpecification": "TrainingImage TrainingInputMode MetricDefinitions",
    "HyperParameterAlgorithmSpecification": "TrainingImage TrainingInputMode MetricDefinitions",
    "Channel": "ChannelName DataSource ContentType InputMode",
    "DataSource": "S3DataSource",
    "S3DataSource": "S3DataType S3Uri S3DataDistributionType",
    "OutputDataConfig": "S3OutputPath KmsKeyId",
    "ResourceConfig": "InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId",
    "StoppingCondition": "MaxRuntimeInSeconds MaxWaitTimeInSeconds",
    "CheckpointConfig": "S3Uri",
    "HyperParameterTuningJobConfig": "Strategy HyperParameterTuningJobObjective ResourceLimits ParameterRanges "
    "TrainingJobEarlyStoppingType RandomSeed",
    "ResourceLimits": "MaxNumberOfTrainingJobs MaxParallelTrainingJobs",
    "HyperParameterTrainingJobDefinition": "StaticHyperParameters AlgorithmSpecification RoleArn InputDataConfig "
    "OutputDataConfig ResourceConfig StoppingCondition EnableManagedSpotTraining CheckpointConfig VpcConfig "
    "EnableNetworkIsolation EnableInterContainerTrafficEncryption",
    "ParameterRanges": "IntegerParameterRanges ContinuousParameterRanges CategoricalParameterRanges",
    "ContainerDefinition": "Image Mode ModelDataUrl ModelPackageName Environment",
    "InferenceComponentSpecification": "ModelName Container ComputeResourceRequirements",
    "ProductionVariantManagedInstanceScaling": "Status MinInstanceCount MaxInstanceCount",
    "ProductionVariant": "VariantName ModelName InitialInstanceCount InstanceType InitialVariantWeight "
    "ServerlessConfig ContainerStartupHealthCheckTimeoutInSeconds ManagedInstanceScaling RoutingConfig",
    "ProductionVariantServerlessConfig": "MemorySizeInMB MaxConcurrency",
    "DeploymentConfig": "BlueGreenUpdatePolicy AutoRollbackConfiguration",
    "ModelPackageContainerDefinition": "Image ModelDataUrl Environment",
    "ModelMetrics": "ModelQuality",
    "ModelQuality": "Statistics",
    "CaptureContentTypeHeader": "JsonContentTypes",
    "TargetTrackingScalingPolicyConfiguration": "TargetValue PredefinedMetricSpecification "
    "CustomizedMetricSpecification ScaleInCooldown ScaleOutCooldown",
    "CustomizedMetricSpecification": "MetricName Namespace Dimensions Statistic",
    "TransformInput": "DataSource ContentType SplitType",
    "TransformOutput": "S3OutputPath Accept AssembleWith KmsKeyId",
    "TransformResources": "InstanceType InstanceCount VolumeKmsKeyId",
}

def described(service):
    folder = os.path.join(os.path.dirname(botocore.__file__), f"data/{service}/*/service-2.json*")
    path = sorted(glob.glob(folder))[-1]
    with (gzip.open if path.endswith("gz") else open)(path) as file:
        return json.load(file)


shapes = {}


def add(model, prefix, name, fields=None):
    """Adds a shape under its name; those of other services than SageMaker begin with the service's."""
    own_name = prefix + name
    if own_name in shapes:
        return own_name
    shape = model["shapes"][name]
    own = {key: shape[key] for key in ("type", "min", "max", "pattern", "required") if shape.get(key) is not None}
    if "pattern" in own:
        # The description's own slip, and Java's name of a class of characters.
        own["pattern"] = re.sub(r"\)\$\{\d+,\d+\}$", ")", own["pattern"]).replace(r"\p{Print}", r"[^\p{C}]")
        # In UTF-16, which only says that it is text.
        if "\\uD800" in own["pattern"]:
            del own["pattern"]
    if "enum" in shape:
        own["enum"] = " ".join(shape["enum"])
    shapes[own_name] = own
    if shape["type"] == "structure":
        kept = (fields or FIELDS.get(name) or " ".join(shape["members"])).split() + shape.get("required", [])
        own["members"] = {key: add(model, prefix, shape["members"][key]["shape"]) for key in dict.fromkeys(kept)}
    for key in ("member", "key", "value"):
        if isinstance(shape.get(key), dict):
            own[key] = add(model, prefix, shape[key]["shape"])
    return own_name


operations = {}
for service, wanted in {"sagemaker": OPERATIONS, **OTHERS}.items():
    model = described(service)
    prefix = "" if service == "sagemaker" else f"{service}:"
    for operation, fields in wanted.items():
        operations[operation] = add(model, prefix, model["operations"][operation]["input"]["shape"], fields)
target = os.path.join(os.path.dirname(__file__), "api-model.json")
with open(target, "w") as file:
    json.dump({"operations": operations, "shapes": shapes}, file, indent=2)
