"""The library grpcio takes events as messages of the contract, and goes on after the last whenever the stream ends."""

import os
import time

import grpc
from florin.v1 import event_pb2, event_pb2_grpc
from store import Store

store = Store(os.environ["STORE"])
metadata = (("authorization", "Bearer " + os.environ["KEY"]),)
while True:
    with grpc.insecure_channel(os.environ["URL"].removeprefix("http://")) as channel:
        try:
            request = event_pb2.StreamEventsRequest(after=store.last)
            for event in event_pb2_grpc.EventServiceStub(channel).StreamEvents(request, metadata=metadata):
                store.keep({"sequence": event.sequence, "id": event.id, "type": event.type, "related": {"id": event.related.id}})
        except grpc.RpcError:
            pass
    time.sleep(0.05)
