"""What Schemathesis cannot know of Florin, and a check that its own is too coarse for."""

import itertools
import json
import os
import re

import schemathesis

keys, turns = itertools.count(), itertools.count()

# Values that lead further than chance would: half of the valid bodies get them. None takes a field out.
PLAUSIBLE = {
    "currency": "USD", "source": "tok_visa", "scopes": ["payments:read"],
    "payer": os.environ["FLORIN_PAYER"], "to": os.environ["FLORIN_WALLET"],
    "card_number": None, "expiry_date": None, "cvv": None,
}


# The key that the run itself calls with.
OWN_KEY = os.environ["FLORIN_OWN_KEY"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Keeps the run alive, and valid requests valid in what JSON Schema cannot tell."""
    if (case.path_parameters or {}).get("id") == OWN_KEY and case.method == "POST":
        case.path_parameters["id"] = "key_of_the_run"  # it may not revoke itself
    body = case.body
    if case.media_type and "xml" in case.media_type:
        body = read(body, schema_of(case))
    if generated_valid(case):
        body = distinct(whole(body))
        if isinstance(body, dict) and next(turns) % 2:
            body = {name: PLAUSIBLE.get(name, value) for name, value in body.items() if PLAUSIBLE.get(name, value) is not None}
    if repr(body) != repr(case.body):
        case.body = body  # it is looked at anew whether this is valid
    # Generated keys are short and come again with other requests, which is a 422 before
    # anything else is looked at.
    if generated_valid(case) and case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = "%s-%d" % (case.headers["Idempotency-Key"][:200], next(keys))


def schema_of(case):
    """The schema of the request's body, which is a component."""
    schema = case.operation.definition.raw["requestBody"]["content"][case.media_type]["schema"]
    if "$ref" in schema:
        schema = case.operation.schema.raw_schema["components"]["schemas"][schema["$ref"].split("/")[-1]]
    return schema


def read(value, schema):
    """What a reader finds of a value that was written in XML, where all is elements and texts."""
    kind = schema.get("type")
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        value = {name: read(v, inner.get(name, {})) for name, v in value.items() if v != []}  # no element at all
        return "" if kind == "string" and not value else value
    if isinstance(value, list) and kind == "array":
        return [read(v, schema["items"]) for v in value]
    if isinstance(value, list) and len(value) < 2:  # at most one element, as for a single value
        return read(value[0], schema) if value else {}
    if kind == "array":
        return [read(value, schema["items"])]
    if value is None or isinstance(value, (bool, int, float)) and kind in ("string", "object"):
        return json.dumps(value)
    if not isinstance(value, str):
        return value
    value = "".join(c for c in value if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000")
    if kind == "object" and not value:
        return {}
    if kind == "integer" and re.fullmatch(r"\s*(0|-?[1-9][0-9]*)\s*", value) or kind == "boolean" and value.strip() in ("true", "false"):
        return json.loads(value)
    return value


def distinct(value):
    """A map has a key once, which cannot be said of the series of pairs that it is in XML."""
    pairs = isinstance(value, dict) and isinstance(value.get("metadata"), dict) and value["metadata"].get("entry")
    if not pairs:
        return value
    return dict(value, metadata={"entry": list({pair["key"]: pair for pair in pairs}.values())})


def whole(value):
    """Writes 2.0 as 2: both are integers of JSON Schema, and Florin reads only one."""
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def generated_valid(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


# Codes that say that a request has not the form that the document describes.
FORM = {
    "duplicate_field", "duplicate_value", "invalid_base64", "invalid_time", "malformed_json", "malformed_query",
    "not_an_integer", "number_out_of_range", "pattern", "required", "too_deep", "too_few", "too_large", "too_long",
    "too_many", "too_short", "too_small", "trailing_data", "unknown_field", "unknown_value", "wrong_type",
}

# What a request must have beside another field, which JSON Schema would tell badly.
BESIDE = {("/card_number", "required")}


def beyond(error):
    """What no schema can tell: it hangs on another field, or on the rate of the hour."""
    return (error["pointer"], error["code"]) in BESIDE or error["detail"].startswith("It is worth ")


@schemathesis.check
def form_is_documented(ctx, response, case):
    """What the document allows is never refused for its form, only for what it says."""
    if not generated_valid(case) or response.status_code != 400:
        return
    problem = json.loads(response.content)
    bad = [e for e in problem.get("errors", []) if e["code"] in FORM and not beyond(e)]
    if problem["code"] == "invalid_request" and bad:
        raise AssertionError("the document allows what the server refuses: %s" % bad)
