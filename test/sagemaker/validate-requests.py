"""Reads requests from standard input, as [{"service", "operation", "request"}]; writes what is wrong with them as a JSON list."""

import json
import re
import sys

import botocore.session
from botocore.validate import ParamValidator


def limits(shape, value, path):
    """What botocore's validator leaves to the service."""
    if shape.type_name == "structure":
        for key, each in value.items():
            yield from limits(shape.members[key], each, f"{path}.{key}")
        return
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    if shape.type_name == "list":
        size = len(value)
        for i, each in enumerate(value):
            yield from limits(shape.member, each, f"{path}[{i}]")
    if shape.type_name == "map":
        size = len(value)
        for key, each in value.items():
            yield from limits(shape.key, key, path)
            yield from limits(shape.value, each, f"{path}.{key}")
    if shape.type_name == "string":
        size = len(value)
        pattern = shape.metadata.get("pattern")
        if pattern and not re.search(r"\\p\{|\\uD800", pattern) and not re.fullmatch(pattern, value, re.S):
            yield f"{path}: {value!r} does not match {pattern}"
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of its values"
    if size is not None and size > shape.metadata.get("max", size):
        yield f"{path}: {size} is more than {shape.metadata['max']}"
    if size is not None and size < shape.metadata.get("min", size):
        yield f"{path}: {size} is less than {shape.metadata['min']}"


session = botocore.session.get_session()
wrong = []
for each in json.load(sys.stdin):
    model = session.get_service_model(each["service"])
    shape = model.operation_model(each["operation"]).input_shape
    report = ParamValidator().validate(each["request"], shape)
    if report.has_errors():
        wrong.append(f"{each['operation']}: {report.generate_report()}")
    else:
        wrong.extend(limits(shape, each["request"], each["operation"]))
json.dump(wrong, sys.stdout)
