"""A Dramatiq actor with Redis as broker and for results, at the address in PEER_REDIS (a Unix socket's path)."""

import os

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

socket = os.environ["PEER_REDIS"]
broker = RedisBroker(client=redis.Redis(unix_socket_path=socket))
broker.add_middleware(Results(backend=RedisBackend(client=redis.Redis(unix_socket_path=socket, db=1))))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def echo(text):
    return text


if __name__ == "__main__":
    import sys

    for _ in range(int(sys.argv[1])):
        echo.send("hello")
