"""The library requests takes lines of JSON, packed, and goes on after the last whenever they end."""

import json
import os
import time

import requests
from store import Store

store = Store(os.environ["STORE"])
headers = {"Authorization": "Bearer " + os.environ["KEY"], "Accept": "application/x-ndjson"}
while True:
    try:
        url = f"{os.environ['URL']}/v1/events/stream?after={store.last}"
        with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                event = json.loads(line or "{}")  # an empty line is a heartbeat
                if "sequence" in event:  # else a problem: why the stream ends
                    store.keep(event)
    except requests.RequestException:
        pass
    time.sleep(0.05)
