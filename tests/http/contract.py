"""Holds answers against the description of the API: lines of JSON on standard input, each with method,
path, status and body. The last line of the output says which operations and statuses were met."""

import datetime
import json
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

lines = [json.loads(line) for line in sys.stdin]
document = lines[0]["openapi"]
validate(document)
registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))
formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def moment(text):
    if isinstance(text, str):
        if not text.endswith("Z"):
            raise ValueError("not in UTC")
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return True


def operation(method, path):
    path = path.removeprefix("/api/v1").split("?")[0]
    for template, operations in document["paths"].items():
        ours, theirs = template.split("/"), path.split("/")
        if len(ours) == len(theirs) and all(a == b or a.startswith("{") for a, b in zip(ours, theirs)):
            return template, operations[method.lower()]
    raise SystemExit(f"{path} is not described")


met = set()
for line in lines[1:]:
    template, described = operation(line["method"], line["path"])
    status = str(line["status"])
    if status not in described["responses"]:
        raise SystemExit(f"{line['method']} {line['path']}: {status} is not described: {line['body']}")
    at = [
        "paths",
        template.replace("~", "~0").replace("/", "~1"),
        line["method"].lower(),
        "responses",
        status,
        "content",
        "application~1json",
        "schema",
    ]
    schema = {"$ref": "urn:api#/" + "/".join(at)}
    validator = Draft202012Validator(schema, registry=registry, format_checker=formats)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(line["body"])]
    if errors:
        raise SystemExit(f"{line['method']} {line['path']} {status}: {errors}\n{line['body']}")
    met.add(f"{line['method']} {template} {status}")

every = {
    f"{method.upper()} {path} 200" for path, operations in document["paths"].items() for method in operations
}
print(json.dumps({"met": sorted(met), "unmet": sorted(every - met)}))
