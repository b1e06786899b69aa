"""Reads a compose file as `docker compose` would: checks it against the schema of the Compose Specification,
puts the defaults in, and prints it as JSON.

    python compose_file.py FILE
    python compose_file.py --plain FILE     # any other YAML, as it is
"""

import json
import re
import sys
from importlib.resources import files

from jsonschema.validators import validator_for
from ruamel.yaml import YAML

SCHEMA = "builtin_schemas/vendor/compose-spec.json"


def with_defaults(value):
    """`${NAME:-default}` as without NAME."""
    if isinstance(value, dict):
        return {key: with_defaults(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_defaults(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return value


def main(arguments):
    plain = arguments[:1] == ["--plain"]
    (path,) = arguments[1:] if plain else arguments
    with open(path, encoding="utf-8") as file:
        content = YAML(typ="safe").load(file)
    if not plain:
        schema = json.loads(files("check_jsonschema").joinpath(SCHEMA).read_text(encoding="utf-8"))
        validator = validator_for(schema)(schema)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
        if errors:
            sys.exit("\n".join(errors))
        content = with_defaults(content)
    json.dump(content, sys.stdout)


main(sys.argv[1:])
