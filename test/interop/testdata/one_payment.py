"""Makes one payment in every format and protocol, and retries it in all the others: one
idempotency key has one payment and one answer, whatever the caller speaks.

usage: one_payment.py URL KEY
"""
import base64
import json
import sys
import uuid
import xml.etree.ElementTree as tree
from concurrent.futures import ThreadPoolExecutor

import grpc
import requests
from florin.v1 import payment_pb2, payment_pb2_grpc, problem_pb2
from google.protobuf.descriptor import FieldDescriptor
from grpc_status import rpc_status

url, key = sys.argv[1:]
session = requests.Session()
session.headers["Authorization"] = "Bearer " + key
stub = payment_pb2_grpc.PaymentServiceStub(grpc.insecure_channel(url.removeprefix("http://")))

XML = "{urn:florin:v1}"


def order(source="tok_visa", amount=1250):
    return payment_pb2.CreatePaymentRequest(
        amount=amount, currency="USD", source=source, description="Tea & cake 金", reference="", metadata={"table": "4", "waiter": "Ada"})


# The request, as a caller writes it who has no stubs.

def as_json(o):
    return json.dumps({"amount": o.amount, "currency": o.currency, "source": o.source, "description": o.description, "metadata": dict(o.metadata)})


def as_xml(o):
    root = tree.Element(XML + "create_payment_request")
    for name in ("amount", "currency", "source", "description"):
        tree.SubElement(root, XML + name).text = str(getattr(o, name))
    pairs = tree.SubElement(root, XML + "metadata")
    for name, value in o.metadata.items():
        entry = tree.SubElement(pairs, XML + "entry")
        tree.SubElement(entry, XML + "key").text = name
        tree.SubElement(entry, XML + "value").text = value
    return tree.tostring(root, encoding="UTF-8", xml_declaration=True)


def as_protobuf(o):
    return o.SerializeToString()


# The answer, made into the message that it stands for.

def members(text, media):
    """What the answer has: pairs of a name and a text, or of a name and pairs."""
    if "json" in media:
        return inside(json.loads(text))
    return elements(tree.fromstring(text))


def inside(value):
    if isinstance(value, dict):
        return [(name, inside(v)) for name, v in value.items() if v is not None]
    return str(value).lower() if isinstance(value, bool) else str(value)


def elements(node):
    name = lambda n: n.tag.split("}")[1]
    if len(node) and name(node[0]) == "entry":
        return [(e[0].text or "", e[1].text or "") for e in node]
    return [(name(n), elements(n)) for n in node] if len(node) else node.text or ""


def fill(message, pairs):
    for name, value in pairs or []:
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.GetOptions().map_entry:
            getattr(message, name).update(dict(value or []))
        elif field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.name == "Timestamp":
            getattr(message, name).FromJsonString(value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, name).SetInParent()
            fill(getattr(message, name), value)
        elif field.type == FieldDescriptor.TYPE_ENUM:
            words = [v for v in field.enum_type.values if v.name.lower().endswith("_" + value)]
            setattr(message, name, min(words, key=lambda v: len(v.name)).number)
        elif field.type == FieldDescriptor.TYPE_BOOL:
            setattr(message, name, {"true": True, "false": False}[value])
        elif field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, name, value)
        else:
            setattr(message, name, int(value))
    return message


def read(kind, content, media):
    return kind.FromString(content) if "proto" in media else fill(kind(), members(content, media))


# The ways to ask. Each gives the payment or the problem, and whether it is an earlier answer.

def rest(media, write):
    def ask(o, once):
        r = session.post(url + "/v1/payments", write(o), headers={"Content-Type": media, "Accept": media, "Idempotency-Key": once}, timeout=30)
        said = r.headers["Content-Type"]
        assert said.split(";")[0] in (media, media.replace("application/", "application/problem+")), said
        kind = payment_pb2.Payment if r.ok else problem_pb2.Problem
        answer = read(kind, r.content, said)
        assert r.ok or answer.status == r.status_code, (r.status_code, answer)
        return answer, r.headers.get("Idempotent-Replayed") == "true"
    return ask


def connect(media, write):
    def ask(o, once):
        r = session.post(url + "/florin.v1.PaymentService/CreatePayment", write(o), headers={"Content-Type": media, "Connect-Protocol-Version": "1", "Idempotency-Key": once}, timeout=30)
        replayed = r.headers.get("Idempotent-Replayed") == "true"
        if r.ok:
            assert r.headers["Content-Type"] == media, r.headers
            return read(payment_pb2.Payment, r.content, media), replayed
        detail = r.json()["details"][0]
        assert detail["type"] == "florin.v1.Problem", detail
        return problem_pb2.Problem.FromString(base64.b64decode(detail["value"] + "==")), replayed
    return ask


def stubbed(o, once):
    try:
        answer, call = stub.CreatePayment.with_call(o, metadata=(("authorization", "Bearer " + key), ("idempotency-key", once)), timeout=30)
    except grpc.RpcError as e:
        answer, call = problem_pb2.Problem(), e
        assert rpc_status.from_call(e).details[0].Unpack(answer), e
    return answer, dict(call.initial_metadata()).get("idempotent-replayed") == "true"


ways = {
    "JSON": rest("application/json", as_json),
    "XML": rest("application/xml", as_xml),
    "Protobuf": rest("application/protobuf", as_protobuf),
    "gRPC": stubbed,
    "Connect in JSON": connect("application/json", as_json),
    "Connect in Protobuf": connect("application/proto", as_protobuf),
}


def count():
    return len(session.get(url + "/v1/payments?limit=100").json()["data"])


def lasting(answer):
    """The answer without what belongs to one request alone."""
    if isinstance(answer, problem_pb2.Problem):
        assert answer.request_id and answer.request_id in answer.instance, answer
        answer.request_id = answer.instance = ""
    return answer


def same(source, status):
    """Whoever is first, the others get that answer again; another request gets none."""
    for first, ask in ways.items():
        once, before = str(uuid.uuid4()), count()
        made, replayed = ask(order(source), once)
        assert not replayed, first
        made = lasting(made)
        assert status(made), (first, made)
        for way, again in ways.items():
            answer, replayed = again(order(source), once)
            assert replayed and lasting(answer) == made, (first, way, replayed, answer, made)
            other, replayed = again(order(source, 1251), once)
            assert other.code == "idempotency_key_reused" and other.status == 422 and not replayed, (first, way, other)
        assert count() == before + 1, (first, count(), before)


def paid(p):
    return (p.id.startswith("pay_") and p.status == payment_pb2.PAYMENT_STATUS_SUCCEEDED and (p.amount, p.amount_captured, p.currency) == (1250, 1250, "USD")
            and p.description == "Tea & cake 金" and dict(p.metadata) == {"table": "4", "waiter": "Ada"} and p.created_at.seconds > 0)


def declined(p):
    return p.status == 402 and p.code == "card_declined" and p.decline_code == "stolen_card" and p.object_id.startswith("pay_")


def at_once():
    """All ask at the same time: each gets the one payment, or hears that it is being made."""
    once, before = str(uuid.uuid4()), count()
    with ThreadPoolExecutor(4 * len(ways)) as threads:
        answers = [f.result() for f in [threads.submit(ask, order(), once) for ask in list(ways.values()) * 4]]
    made = [(a, replayed) for a, replayed in answers if isinstance(a, payment_pb2.Payment)]
    busy = [a for a, _ in answers if isinstance(a, problem_pb2.Problem)]
    assert all(a.code == "idempotency_key_in_use" for a in busy), busy
    assert made and len({a.id for a, _ in made}) == 1, made
    assert sum(not replayed for _, replayed in made) <= 1, made
    assert count() == before + 1, count()
    for way, ask in ways.items():
        answer, replayed = ask(order(), once)
        assert replayed and answer == made[0][0], (way, answer)


same("tok_visa", paid)
same("tok_stolen_card", declined)
at_once()
print("all is well")
