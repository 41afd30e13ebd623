"""A Celery application with Redis as broker and for results, at the address in PEER_REDIS (a Unix socket's path)."""

import os

from celery import Celery

app = Celery("pool", broker=f"redis+socket://{os.environ['PEER_REDIS']}",
             backend=f"redis+socket://{os.environ['PEER_REDIS']}?virtual_host=1")
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=64, broker_connection_retry_on_startup=True)


@app.task
def echo(text):
    return text


if __name__ == "__main__":
    import sys

    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(int(sys.argv[1])):
            echo.apply_async(("hello",), producer=producer)
