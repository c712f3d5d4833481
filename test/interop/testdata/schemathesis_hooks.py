"""What Schemathesis cannot know of Florin, and a check that its own is too coarse for."""

import itertools
import json
import os

import schemathesis

keys, turns = itertools.count(), itertools.count()

# Values that lead further than chance would: half of the valid bodies get them.
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
    if not generated_valid(case):
        return
    body = whole(case.body)
    if isinstance(body, dict) and next(turns) % 2:
        body = {name: PLAUSIBLE.get(name, value) for name, value in body.items()}
    if repr(body) != repr(case.body):
        case.body = body
    # Generated keys are short and come again with other requests, which is a 422 before
    # anything else is looked at.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = "%s-%d" % (case.headers["Idempotency-Key"][:200], next(keys))


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


@schemathesis.check
def form_is_documented(ctx, response, case):
    """What the document allows is never refused for its form, only for what it says."""
    if not generated_valid(case) or response.status_code != 400:
        return
    problem = json.loads(response.content)
    bad = [e for e in problem.get("errors", []) if e["code"] in FORM and (e["pointer"], e["code"]) not in BESIDE]
    if problem["code"] == "invalid_request" and bad:
        raise AssertionError("the document allows what the server refuses: %s" % bad)
