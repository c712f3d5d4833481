"""The library websockets takes messages from the WebSocket, and goes on after the last whenever it ends."""

import json
import os
import time

from store import Store
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import connect

store = Store(os.environ["STORE"])
server = os.environ["URL"].replace("http", "ws")
headers = {"Authorization": "Bearer " + os.environ["KEY"]}
while True:
    try:
        with connect(f"{server}/v1/events/stream?after={store.last}", additional_headers=headers, subprotocols=["florin.v1"], proxy=None) as socket:
            for text in socket:
                store.keep(json.loads(text))
    except (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, EOFError):
        pass
    time.sleep(0.05)
