"""The data analyst with real tables, its figures compared with DuckDB's on the same bytes.

The tables are the files of the npm package vega-datasets, pinned beside the JavaScript client.

    analyst_table.py BASE_URL
"""

import asyncio
import sys
import uuid
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from a2a.types.a2a_pb2 import Artifact, Part, Task
from google.protobuf.json_format import MessageToDict

from agent import Agent, state, texts
from checks import Checks, equal, holds
from truth import Truth, same

TABLES = Path(__file__).parent.parent / "js" / "node_modules" / "vega-datasets" / "data"
MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json", ".tsv": "text/tab-separated-values"}
SVG = "{http://www.w3.org/2000/svg}"

check = Checks()
truths: dict[str, Truth] = {}


def truth(file: str) -> Truth:
    return truths.setdefault(file, Truth(TABLES / file))


def table_part(file: str) -> Part:
    path = TABLES / file
    return Part(raw=path.read_bytes(), filename=file, media_type=MEDIA_TYPES[path.suffix])


async def ask(agent: Agent, question: str, file: str = "", **fields: object) -> Task:
    parts = [Part(text=question)] if question else []
    if file:
        parts.append(table_part(file))
    return await agent.send("question", parts=parts, **fields)


async def answered(agent: Agent, question: str, file: str = "", **fields: object) -> Task:
    task = await ask(agent, question, file, **fields)
    said = texts(task.status.message.parts)
    equal(state(task), "COMPLETED", f"state after {question!r} ({said!r})")
    return task


def part_of(task: Task, kind: str, media_type: str = "") -> Part:
    """The one part of this kind among the artifacts."""
    found = [
        part
        for artifact in task.artifacts
        for part in artifact.parts
        if part.WhichOneof("content") == kind and media_type in part.media_type
    ]
    equal(len(found), 1, f"parts of {kind} {media_type} in {[names(a) for a in task.artifacts]}")
    return found[0]


def names(artifact: Artifact) -> tuple[str, list[str]]:
    return artifact.artifact_id, [str(part.WhichOneof("content")) for part in artifact.parts]


def data_of(task: Task) -> dict:
    return MessageToDict(part_of(task, "data").data)


def compare(found: dict, sql: str, expected: tuple[list[str], list[list[object]]]) -> None:
    """A table answer against DuckDB's, row by row."""
    columns, rows = expected
    equal(found["columns"], columns, f"columns of {sql}")
    equal(len(found["rows"]), len(rows), f"rows of {sql}")
    for number, (ours, theirs) in enumerate(zip(found["rows"], rows, strict=True)):
        holds(
            len(ours) == len(theirs) and all(map(same, ours, theirs)),
            f"row {number} of {sql}: {ours}, expected {theirs}",
        )


async def profile(agent: Agent, file: str) -> None:
    task = await answered(agent, "Profile this table", file)
    found, expected = data_of(task), truth(file)
    equal((found["table"], found["rows"]), (expected.name, expected.rows), "name and rows")
    equal([column["name"] for column in found["columns"]], expected.columns, "columns")
    for column in found["columns"]:
        name = column["name"]
        equal(
            (column["missing"], column["distinct"]),
            expected.missing_and_distinct(name),
            f"missing and distinct of {name}",
        )
        is_number = column["type"] in {"integer", "float"}
        equal(is_number, expected.is_number(name), f"{name} is {column['type']}")
        if is_number:
            for figure, value in expected.figures(name).items():
                holds(same(column[figure], value), f"{figure} of {name}: {column[figure]}, {value}")
    said = part_of(task, "text").text
    holds(all(name in said for name in expected.columns), "the text names not every column")


for file in [
    "cars.json",
    "penguins.json",
    "movies.json",
    "seattle-weather.csv",
    "stocks.csv",
    "airports.csv",
    "la-riots.csv",
    "disasters.csv",
    "zipcodes.csv",
    "unemployment.tsv",
]:

    async def profiled(agent: Agent, file: str = file) -> None:
        await profile(agent, file)

    check(f"profile: {file}")(profiled)


@check("profile: the question may be missing")
async def _(agent: Agent) -> None:
    equal(data_of(await answered(agent, "", "cars.json"))["rows"], truth("cars.json").rows, "rows")


QUERIES = [
    (
        "cars.json",
        "SELECT Origin, COUNT(*) AS n, AVG(Horsepower) AS power, MIN(Miles_per_Gallon) AS least,"
        " SUM(Weight_in_lbs) AS weight FROM cars GROUP BY Origin ORDER BY Origin",
    ),
    (
        "cars.json",
        "SELECT Cylinders, COUNT(Horsepower) AS known, MAX(Displacement) AS most FROM cars"
        " WHERE Miles_per_Gallon IS NOT NULL GROUP BY Cylinders HAVING COUNT(*) > 3"
        " ORDER BY Cylinders DESC",
    ),
    (
        "seattle-weather.csv",
        "SELECT weather, COUNT(*) AS days, AVG(temp_max) AS warm, SUM(precipitation) AS rain"
        " FROM seattle_weather GROUP BY weather ORDER BY days DESC, weather",
    ),
    (
        "stocks.csv",
        "SELECT symbol, AVG(price) AS mean, MIN(price) AS low, MAX(price) AS high FROM stocks"
        " GROUP BY symbol ORDER BY symbol",
    ),
    (
        "airports.csv",
        "SELECT state, COUNT(*) AS n FROM airports WHERE latitude > 40 GROUP BY state"
        " ORDER BY n DESC, state LIMIT 10",
    ),
    ("disasters.csv", "SELECT COUNT(*) AS n, COUNT(DISTINCT Entity) AS kinds FROM disasters"),
    (
        "penguins.json",
        'SELECT Species, Sex, COUNT(*) AS n, AVG("Body Mass (g)") AS mass FROM penguins'
        " WHERE Sex IN ('MALE', 'FEMALE') GROUP BY Species, Sex ORDER BY Species, Sex",
    ),
]

for number, (file, sql) in enumerate(QUERIES):

    async def queried(agent: Agent, file: str = file, sql: str = sql) -> None:
        compare(data_of(await answered(agent, sql, file)), sql, truth(file).query(sql))

    check(f"sql: {file}, question {number + 1}")(queried)


def drawing(task: Task) -> ElementTree.Element:
    svg = part_of(task, "raw", "image/svg+xml").raw
    holds(b"<script" not in svg.lower(), "a script in the drawing")
    root = ElementTree.fromstring(svg)
    equal(root.tag, f"{SVG}svg", "the root element")
    return root


def written(root: ElementTree.Element) -> str:
    return " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


@check("chart: bars, one for each group, with its name")
async def _(agent: Agent) -> None:
    root = drawing(await answered(agent, "bar chart of Horsepower by Origin", "cars.json"))
    said = written(root)
    for origin in ["USA", "Europe", "Japan"]:
        holds(origin in said, f"{origin} is not in {said!r}")
    holds(len(list(root.iter(f"{SVG}rect"))) >= 3, "fewer bars than groups")


@check("chart: a line over time, and points of two columns")
async def _(agent: Agent) -> None:
    root = drawing(await answered(agent, "line chart of temp_max by date", "seattle-weather.csv"))
    lines = [*root.iter(f"{SVG}path"), *root.iter(f"{SVG}polyline")]
    holds(lines, "no line")
    question = "scatter chart of Miles_per_Gallon by Horsepower"
    root = drawing(await answered(agent, question, "cars.json"))
    holds("Horsepower" in written(root), "the axis has no name")
    points = len(list(root.iter(f"{SVG}circle")))
    sql = "SELECT COUNT(*) FROM cars WHERE Miles_per_Gallon IS NOT NULL AND Horsepower IS NOT NULL"
    equal(points, truth("cars.json").query(sql)[1][0][0], "points")


@check("modes: only what the client accepts is sent")
async def _(agent: Agent) -> None:
    question = "bar chart of Horsepower by Origin"
    task = await answered(agent, question, "cars.json", accepted_output_modes=["text/plain"])
    kinds = {part.WhichOneof("content") for artifact in task.artifacts for part in artifact.parts}
    equal(kinds, {"text"}, "kinds of parts")


@check("turns: a table sent once serves the next question of the conversation")
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    await answered(agent, "Profile this table", "cars.json", context=context)
    file, sql = QUERIES[0]
    task = await answered(agent, sql, context=context)
    equal(task.context_id, context, "context")
    compare(data_of(task), sql, truth(file).query(sql))
    # A second table joins the first.
    await answered(agent, "", "stocks.csv", context=context)
    for file, sql in [QUERIES[1], QUERIES[3]]:
        compare(data_of(await answered(agent, sql, context=context)), sql, truth(file).query(sql))


@check("turns: a question without a table asks for one, and the table answers it")
async def _(agent: Agent) -> None:
    file, sql = QUERIES[0]
    asked = await ask(agent, sql)
    equal(state(asked), "INPUT_REQUIRED", "state")
    said = texts(asked.status.message.parts)
    holds("table" in said.lower(), f"what it asks for: {said!r}")
    done = await answered(agent, "", file, task=asked.id)
    equal(done.id, asked.id, "task")
    compare(data_of(done), sql, truth(file).query(sql))


@check("turns: another conversation does not see the table")
async def _(agent: Agent) -> None:
    await answered(agent, "", "cars.json", context=str(uuid.uuid4()))
    other = await ask(agent, QUERIES[0][1], context=str(uuid.uuid4()))
    equal(state(other), "INPUT_REQUIRED", "state")


async def main() -> int:
    if len(sys.argv) != 2:
        print("usage: analyst_table.py BASE_URL", file=sys.stderr)
        return 64
    agent = Agent(sys.argv[1], "jsonrpc")
    await agent.connect()
    try:
        return await check.run(agent)
    finally:
        await agent.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
