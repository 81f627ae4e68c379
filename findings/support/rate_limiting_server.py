"""Answers 429 with Retry-After: 60 once, then 200; prints its port, and the seconds between the first two requests."""

import time

from http_server import serve

asked = []


def answer(request, _):
    asked.append(time.monotonic())
    if len(asked) == 2:
        print("gap", asked[1] - asked[0], flush=True)
    return 429 if len(asked) == 1 else 200, {"Retry-After": "60"}, b'{"items": [{"id": 1}]}'


serve(answer)
