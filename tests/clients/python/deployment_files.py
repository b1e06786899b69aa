"""Reads what `attache deploy cloud-run --out DIR` has written, by readers that have nothing to do with it.

    python tests/clients/python/deployment_files.py DIR

service.yaml has to fit what Google publishes of Cloud Run's API, every file has to be what its kind is,
and they have to say the same. Prints what Terraform would read, as JSON; the status is 1 and the reason is
on standard error where something is wrong.
"""

import json
import sys
from pathlib import Path
from typing import Any

import hcl2
import yaml

sys.path.insert(0, str(Path(__file__).parent / "fake_google"))

import discovery  # noqa: E402
from schema import Check, Violation  # noqa: E402


def described(api: str) -> dict[str, Any]:
    return json.loads((discovery.DOCUMENTS / f"{api}.json").read_text())["schemas"]


def service(path: Path) -> dict[str, Any]:
    """The service, which has to be one that Cloud Run takes."""
    document = yaml.safe_load(path.read_text())
    schemas = described("run.v1")
    Check(schemas, "run.namespaces.services.create").body("Service", document)
    if document["apiVersion"] != "serving.knative.dev/v1" or document["kind"] != "Service":
        raise Violation("it is no Service of Knative Serving v1")
    allowed = schemas["ObjectMeta"]["properties"]["annotations"]["description"]
    template = document["spec"]["template"]
    for kind, metadata in (("Service", document["metadata"]), ("Revision", template["metadata"])):
        for name, value in metadata["annotations"].items():
            if not isinstance(value, str):
                raise Violation(f"the annotation {name} is {value!r}, and has to be text")
            if not name.startswith("run.googleapis.com/"):
                continue
            line = next((line for line in allowed.split("* ") if line.startswith(f"`{name}`")), None)
            if line is None or kind not in line:
                raise Violation(f"the annotation {name} does not belong on a {kind}")
    spec = template["spec"]
    if len([one for one in spec["containers"] if "ports" in one]) != 1:
        raise Violation("exactly one container has a port")
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                raise Violation(f"there is no volume {mount['name']}")
        names = [variable["name"] for variable in container.get("env", [])]
        if len(names) != len(set(names)) or "PORT" in names:
            raise Violation(f"variables twice, or reserved: {names}")
        probe = container["startupProbe"]
        if probe["failureThreshold"] * probe["periodSeconds"] > 240:
            raise Violation("a startup probe may take 240 seconds")
        if probe["httpGet"]["path"].endswith("z"):
            raise Violation("paths that end with z are reserved")
    return document


def terraform(path: Path) -> dict[str, Any]:
    """What Terraform reads: addresses and what is set there."""
    with path.open() as file:
        document = hcl2.load(file)
    plan: dict[str, Any] = {}
    for kind in ("data", "resource", "output", "provider"):
        for block in document.get(kind, []):
            for first, rest in block.items():
                if first.startswith("__"):
                    continue
                inner = rest.items() if kind in ("data", "resource") else [("", rest)]
                for name, values in inner:
                    if name.startswith("__"):
                        continue
                    address = ".".join(part.strip('"') for part in (kind, first, name) if part)
                    if address in plan:
                        raise Violation(f"{address} is there twice")
                    plan[address] = _plain(values)
    known = {address.removeprefix("resource.") for address in plan}
    for address, values in plan.items():
        for reference in values.get("depends_on", []) if isinstance(values, dict) else []:
            if reference.removeprefix("${").removesuffix("}") not in known:
                raise Violation(f"{address} depends on {reference}, which is not there")
    return plan


def _plain(value: Any) -> Any:
    """Without the marks of the reader: what is a block, and the quotes of texts."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, str) and value.startswith('"'):
        return value[1:-1]
    return value


def same(service: dict[str, Any], plan: dict[str, Any]) -> None:
    """Both forms of the service set the same variables."""
    block = plan["resource.google_cloud_run_v2_service.agent"]
    containers = block["template"][0]["containers"]
    names = [env["name"] for env in containers[0]["env"]]
    wanted = [env["name"] for env in service["spec"]["template"]["spec"]["containers"][0]["env"]]
    # Terraform finds the project's number by itself.
    if [name for name in names if name != "ATTACHE_PUBLIC_URL"] != [
        name for name in wanted if name != "ATTACHE_PUBLIC_URL"
    ]:
        raise Violation(f"Terraform sets {names}, and service.yaml {wanted}")


def main() -> int:
    folder = Path(sys.argv[1])
    try:
        written = service(folder / "service.yaml")
        plan = terraform(folder / "main.tf")
        same(written, plan)
        build = yaml.safe_load((folder / "cloudbuild.yaml").read_text())
        schemas = described("cloudbuild.v1")
        Check(schemas, "cloudbuild.projects.builds.create").body("Build", build)
        for name in ("knative.yaml", "spinapp.yaml"):
            if (folder / name).exists():
                document = yaml.safe_load((folder / name).read_text())
                if not all(isinstance(v, str) for v in _values(document)):
                    raise Violation(f"{name} has a variable that is no text")
    except Violation as why:
        print(f"{folder}: {why}", file=sys.stderr)
        return 1
    print(json.dumps(plan, indent=2, sort_keys=True))
    return 0


def _values(document: Any) -> list[Any]:
    """The values of variables, wherever they are."""
    if isinstance(document, list):
        return [value for item in document for value in _values(item)]
    if not isinstance(document, dict):
        return []
    inner = [value for item in document.values() for value in _values(item)]
    return inner + ([document["value"]] if {"name", "value"} == set(document) else [])


if __name__ == "__main__":
    sys.exit(main())
