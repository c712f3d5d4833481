"""Uses Florin as a stock gRPC client does: stubs from the contract, grpcio, google.rpc.Status.

usage: grpc_client.py ADDRESS KEY PAYMENT IDEMPOTENCY_KEY
PAYMENT was made over REST with IDEMPOTENCY_KEY: 100 USD from tok_visa.
"""
import sys
import threading
import time

import grpc
from florin.v1 import event_pb2, event_pb2_grpc, payment_pb2, payment_pb2_grpc, problem_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

address, key, payment, once = sys.argv[1:]
channel = grpc.insecure_channel(address)
payments = payment_pb2_grpc.PaymentServiceStub(channel)
events = event_pb2_grpc.EventServiceStub(channel)


def auth(*more):
    return (("authorization", "Bearer " + key),) + more


def order(source="tok_visa", amount=100):
    return payment_pb2.CreatePaymentRequest(amount=amount, currency="USD", source=source)


def refused(want, code, call):
    """call must fail with the gRPC code `want` and a problem of `code`, which it gives."""
    try:
        call()
    except grpc.RpcError as e:
        assert e.code() == want, (e.code(), e.details())
        details = rpc_status.from_call(e).details
        problem = problem_pb2.Problem()
        assert details[0].Unpack(problem), details
        assert problem.code == code and problem.detail == e.details(), problem
        assert dict(e.initial_metadata())["request-id"] == problem.request_id
        waits = [error_details_pb2.RetryInfo.FromString(d.value).retry_delay.ToSeconds() for d in details if d.Is(error_details_pb2.RetryInfo.DESCRIPTOR)]
        return problem, waits
    raise AssertionError(f"{code} was expected")


def ended(name):
    """What the payment with this idempotency key came to, once it is known."""
    for _ in range(200):
        try:
            p = payments.CreatePayment(order("tok_unknown"), metadata=auth(("idempotency-key", name)))
            if p.status == payment_pb2.PAYMENT_STATUS_SUCCEEDED:
                return p
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.ABORTED, e  # idempotency_key_in_use
        time.sleep(0.1)
    raise AssertionError("the payment has not ended")


def count():
    return len(payments.ListPayments(payment_pb2.ListPaymentsRequest(limit=100), metadata=auth()).data)


# The payment of REST is the payment of gRPC.
p, call = payments.CreatePayment.with_call(order(), metadata=auth(("idempotency-key", once)))
head = dict(call.initial_metadata())
assert p.id == payment and head["idempotent-replayed"] == "true" and head["request-id"].startswith("req_"), (p, head)
assert count() == 1
refused(grpc.StatusCode.ALREADY_EXISTS, "idempotency_key_reused", lambda: payments.CreatePayment(order(amount=101), metadata=auth(("idempotency-key", once))))

# Refusals, and what they carry.
refused(grpc.StatusCode.UNAUTHENTICATED, "credentials_missing", lambda: payments.CreatePayment(order()))
problem, _ = refused(grpc.StatusCode.FAILED_PRECONDITION, "card_declined", lambda: payments.CreatePayment(order("tok_stolen_card"), metadata=auth()))
assert problem.decline_code == "stolen_card" and problem.advice == "do_not_retry" and problem.object_id, problem
problem, _ = refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid_request", lambda: payments.CreatePayment(order(amount=0), metadata=auth()))
assert [(e.pointer, e.code) for e in problem.errors] == [("/amount", "too_small")], problem
raw = channel.unary_unary("/florin.v1.PaymentService/CreatePayment", request_serializer=lambda b: b, response_deserializer=lambda b: b)
problem, _ = refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid_request", lambda: raw(order().SerializeToString() + b"\xba\x3e\x01x", metadata=auth()))
assert [(e.pointer, e.code) for e in problem.errors] == [("/#999", "unknown_field")], problem
big = payment_pb2.CreatePaymentRequest(amount=1, currency="USD", source="tok_visa", description="x" * (1 << 20))
refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "body_too_large", lambda: payments.CreatePayment(big, metadata=auth()))
refused(grpc.StatusCode.UNIMPLEMENTED, "content_encoding_unsupported", lambda: payments.CreatePayment(order(), metadata=auth(), compression=grpc.Compression.Gzip))
refused(grpc.StatusCode.UNIMPLEMENTED, "route_not_found", lambda: channel.unary_unary("/florin.v1.PaymentService/Nope")(b"", metadata=auth()))

# A deadline, and hanging up, while the bank is silent: each payment ends, once.
before = count()
try:
    payments.CreatePayment(order("tok_unknown"), metadata=auth(("idempotency-key", "deadline")), timeout=0.7)
    raise AssertionError("no deadline")
except grpc.RpcError as e:
    assert e.code() == grpc.StatusCode.DEADLINE_EXCEEDED, e
hung = payments.CreatePayment.future(order("tok_unknown"), metadata=auth(("idempotency-key", "hung up")))
while count() < before + 2:
    time.sleep(0.05)
hung.cancel()
_, wait = refused(grpc.StatusCode.ABORTED, "idempotency_key_in_use", lambda: payments.CreatePayment(order("tok_unknown"), metadata=auth(("idempotency-key", "hung up"))))
assert wait == [1], wait
first, second = ended("deadline"), ended("hung up")
assert first.id != second.id and count() == before + 2, count()

# Events: all that was, then what happens; the numbers rise.
seen, live = [], threading.Event()
stream = events.StreamEvents(event_pb2.StreamEventsRequest(after=0, types=["payment.succeeded"]), metadata=auth())


def read():
    try:
        for e in stream:
            seen.append((e.sequence, e.data.payment.id))
            if len(seen) == 4:
                live.set()
    except grpc.RpcError as e:
        assert e.code() == grpc.StatusCode.CANCELLED, e


reader = threading.Thread(target=read)
reader.start()
p = payments.CreatePayment(order(amount=7), metadata=auth())
assert live.wait(20), seen
assert sorted(seen) == seen and [x[1] for x in seen][0] == payment and seen[3][1] == p.id, seen
stream.cancel()
reader.join()

# Health needs no key: field 1 is SERVING.
health = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=lambda b: b, response_deserializer=lambda b: b)
assert health(b"") == b"\x08\x01"
print("all is well")
