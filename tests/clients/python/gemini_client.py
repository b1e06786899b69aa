"""The official client of Gemini against the fake: text, a stream, a call of a tool, errors.

The server answers in this order: text "one two", the same, a call of get_weather, text "warm", a 429, and
after that "ok".
"""

import argparse
import sys

from google import genai
from google.genai import errors, types

passed = failed = 0


def check(name: str, ok: bool, shown: object = "") -> None:
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else f': {shown!r}'}")


def refused(ask) -> int | None:
    try:
        ask()
    except errors.APIError as error:
        return error.code
    return None


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("url")
parser.add_argument("--key", required=True)
arguments = parser.parse_args()


def client(key: str) -> genai.Client:
    return genai.Client(
        api_key=key,
        vertexai=False,
        http_options=types.HttpOptions(
            base_url=arguments.url, retry_options=types.HttpRetryOptions(attempts=1)
        ),
    )


MODEL = "gemini-3.5-flash"
gemini = client(arguments.key)

whole = gemini.models.generate_content(model=MODEL, contents="hello")
check("text", whole.text == "one two", whole)
check("usage", whole.usage_metadata.total_token_count == 51, whole)

chunks = list(gemini.models.generate_content_stream(model=MODEL, contents="hello"))
check("pieces", [chunk.text for chunk in chunks][:2] == ["one", " two"], chunks)
check("finish", chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks[-1])

weather = types.FunctionDeclaration(
    name="get_weather",
    description="The temperature of a city.",
    parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}},
)
config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[weather])])
question = types.Content(role="user", parts=[types.Part(text="Weather in Rome?")])
called = gemini.models.generate_content(model=MODEL, contents=[question], config=config)
call = called.function_calls[0]
check("call", (call.name, call.args) == ("get_weather", {"city": "Rome"}), called)
check("signature", bool(called.candidates[0].content.parts[0].thought_signature), called)
given = types.Part.from_function_response(name="get_weather", response={"output": 21})
contents = [question, called.candidates[0].content, types.Content(role="user", parts=[given])]
answer = gemini.models.generate_content(model=MODEL, contents=contents, config=config)
check("after the call", answer.text == "warm", answer)

bare = types.Content(role="model", parts=[types.Part(function_call=call)])
contents[1] = bare
check(
    "a call without its signature is refused",
    refused(lambda: gemini.models.generate_content(model=MODEL, contents=contents)) == 400,
)
check("too many", refused(lambda: gemini.models.generate_content(model=MODEL, contents="x")) == 429)
wrong = client("wrong")
check("a wrong key", refused(lambda: wrong.models.generate_content(model=MODEL, contents="x")) == 400)

print(f"{passed} passed, {failed} failed")
sys.exit(failed)
