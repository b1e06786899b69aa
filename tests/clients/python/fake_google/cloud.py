"""The APIs that a deployment needs: Cloud Run, secrets, accounts, queues and so on."""

import base64
import copy
from typing import Any

from answers import Refused, not_found
from discovery import Call
from resources import Resources, wrapped

# What names a new resource, beside its parent: a parameter of the query.
IDENTIFIERS = ("serviceId", "secretId", "repositoryId", "clusterId", "instanceId", "userId", "jobId")
NUMBER = "123456789012"


def answer(resources: Resources, call: Call) -> Any:
    """The answer to a call of any API but Discovery Engine, or None if it is not served here."""
    verb, name = call.method.verb, call.name.partition(":")[0]
    match verb:
        case "getIamPolicy":
            return resources.policy(_there(resources, call, name))
        case "setIamPolicy":
            return resources.set_policy(_there(resources, call, name), call.body["policy"])
        case "testIamPermissions":
            return {"permissions": call.body["permissions"]}
        case "list" if call.method.id.startswith("run.") and call.method.document["version"] == "v1":
            return {"items": resources.items}
        case "list":
            return resources.list(call)
        case "patch":
            if call.query.get("allowMissing") == "true" and name not in resources.kept:
                return _create(resources, call, name)
            return _changed(resources, call, resources.patch(call))
        case "replaceService":
            return _replaced(resources, call)
        case "delete":
            resources.delete(name)
            return _changed(resources, call, {"name": name})
        case "create":
            return _create(resources, call, _new_name(call))
    special = SPECIAL.get((call.method.api, verb))
    return special(resources, call, name) if special else None


def _there(resources: Resources, call: Call, name: str) -> str:
    """A project has a policy without being kept; all else has to be there."""
    if call.method.api != "cloudresourcemanager":
        resources.get(name)
    return name


def _new_name(call: Call) -> str:
    for parameter in IDENTIFIERS:
        if parameter in call.query:
            return f"{call.name}/{call.query[parameter]}"
    body = call.body
    if call.method.api == "iam":
        project = call.name.split("/")[1]
        return f"{call.name}/{body['accountId']}@{project}.iam.gserviceaccount.com"
    if call.method.api == "cloudtasks":
        if not body.get("name", "").startswith(call.name + "/"):
            raise Refused("INVALID_ARGUMENT", "Queue.name must be set, and be in the parent.")
        return body["name"]
    if "metadata" in body:
        return f"{call.name}/{body['metadata']['name']}"
    raise Refused("INVALID_ARGUMENT", "The new resource has no name.")


def _create(resources: Resources, call: Call, name: str) -> Any:
    body = copy.deepcopy(call.body)
    project = name.split("/")[1]
    if call.query.get("validateOnly") == "true":
        return _changed(resources, call, {**body, "name": name})
    match call.method.api:
        case "run" if call.method.document["version"] == "v2":
            resource = resources.create(call, name, body)
            _serve(resource)
            return _changed(resources, call, resource)
        case "run":
            return _replaced(resources, call, name)
        case "iam":
            email = name.rsplit("/", 1)[1]
            resource = {
                **body.get("serviceAccount", {}),
                "email": email,
                "projectId": project,
                "uniqueId": "1" * 21,
            }
            return resources.create(call, name, resource)
        case "cloudtasks":
            return resources.create(call, name, {**body, "state": "RUNNING"})
    return _changed(resources, call, resources.create(call, name, body))


def _changed(resources: Resources, call: Call, resource: dict[str, Any]) -> Any:
    """The resource, or where Google makes changes by operations, one that ends in it."""
    answer = call.method.schema("response") or ""
    if "perationV" in answer or not answer.endswith("Operation"):
        return {} if answer in ("Empty", "GoogleProtobufEmpty") else resource
    if call.method.api == "run":
        _serve(resource)
    parent = "/".join(resource["name"].split("/")[:4])
    schema = call.method.schema("request") or "google.protobuf.Empty"
    name = f"{parent}/operations/op-{resources.number()}"
    return resources.begin(name, wrapped(call, schema, copy.deepcopy(resource)))


def _serve(service: dict[str, Any]) -> None:
    """What Cloud Run says of a service that it has brought up."""
    _, _, _, region, _, name = service["name"].split("/")
    revision = f"{service['name']}/revisions/{name}-00001-abc"
    url = f"https://{name}-{NUMBER}.{region}.run.app"
    service.update(
        uri=service.get("uri", f"https://{name}-abcdefghij-uc.a.run.app"),
        urls=service.get("urls", [url]),
        latestCreatedRevision=revision,
        latestReadyRevision=revision,
        etag='"CKC-1"',
        terminalCondition={"type": "Ready", "state": "CONDITION_SUCCEEDED"},
    )


def _replaced(resources: Resources, call: Call, name: str | None = None) -> Any:
    """A service as Knative has it."""
    name = name or call.name
    service = {**copy.deepcopy(call.body)}
    region = name.split("/")[3] if name.startswith("projects/") else "us-central1"
    short = name.rsplit("/", 1)[1]
    before = resources.kept.get(name, {}).get("metadata", {})
    now = service.setdefault("metadata", {})
    if now.get("resourceVersion", before.get("resourceVersion")) != before.get("resourceVersion"):
        raise Refused("ABORTED", f"Conflict for resource '{short}': the resourceVersion has changed.")
    generation = before.get("generation", 0) + 1
    now.update(generation=generation, resourceVersion=f"AAY{resources.number():06d}")
    service["status"] = {
        "url": f"https://{short}-{NUMBER}.{region}.run.app",
        "conditions": [{"type": "Ready", "status": "True"}],
        "observedGeneration": generation,
        **resources.served,
    }
    resources.kept[name] = service
    return service


def _add_version(resources: Resources, call: Call, name: str) -> Any:
    resources.get(name)
    if not call.body.get("payload", {}).get("data"):
        raise Refused("INVALID_ARGUMENT", "The payload of a version must not be empty.")
    versions = [kept for kept in resources.kept if kept.startswith(name + "/versions/")]
    version = f"{name}/versions/{len(versions) + 1}"
    resources.kept[version] = {"name": version, "state": "ENABLED"}
    resources.payloads[version] = call.body["payload"]
    return resources.kept[version]


def _version(resources: Resources, name: str) -> str:
    secret, _, version = name.partition("/versions/")
    if version == "latest":
        numbers = [
            int(kept.rsplit("/", 1)[1])
            for kept in resources.kept
            if kept.startswith(secret + "/versions/")
        ]
        if not numbers:
            raise not_found(name)
        version = str(max(numbers))
    return f"{secret}/versions/{version}"


def _get(resources: Resources, call: Call, name: str) -> Any:
    if "operations/" in name:
        return resources.operation(name)
    if call.method.collection == "versions" and call.method.api == "secretmanager":
        return resources.get(_version(resources, name))
    if call.method.api == "serviceusage":
        return resources.kept.get(name, {"name": name, "state": "DISABLED"})
    if call.method.api == "cloudresourcemanager" and name not in resources.kept:
        # The one project that is always there.
        if call.method.document["version"] == "v1":
            return {"projectId": name.split("/")[1], "projectNumber": NUMBER, "lifecycleState": "ACTIVE"}
        return {"name": f"projects/{NUMBER}", "projectId": name.split("/")[1], "state": "ACTIVE"}
    return resources.get(name)


def _access(resources: Resources, call: Call, name: str) -> Any:
    version = _version(resources, name)
    resources.get(version)
    return {"name": version, "payload": resources.payloads[version]}


def _enable(resources: Resources, call: Call, name: str) -> Any:
    names = [name]
    if call.method.verb == "batchEnable":
        parent = name.removesuffix("/services")
        names = [f"{parent}/services/{service}" for service in call.body["serviceIds"]]
    for one in names:
        resources.kept[one] = {"name": one, "state": "ENABLED"}
    return resources.begin(f"operations/enable-{resources.number()}", {})


def _id_token(resources: Resources, call: Call, name: str) -> Any:
    claims = f'{{"aud": "{call.body["audience"]}", "email": "{name.rsplit("/", 1)[1]}"}}'
    return {"token": f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.c2ln"}


SPECIAL = {
    ("secretmanager", "addVersion"): _add_version,
    ("secretmanager", "access"): _access,
    ("serviceusage", "enable"): _enable,
    ("serviceusage", "batchEnable"): _enable,
    ("iamcredentials", "generateIdToken"): _id_token,
    ("iamcredentials", "generateAccessToken"): lambda resources, call, name: {
        "accessToken": f"ya29.as-{name.rsplit('/', 1)[1]}",
        "expireTime": "2099-01-01T00:00:00Z",
    },
    **{
        (api, "get"): _get
        for api in (
            "alloydb artifactregistry cloudresourcemanager cloudtasks discoveryengine iam run secretmanager "
            "serviceusage"
        ).split()
    },
}
