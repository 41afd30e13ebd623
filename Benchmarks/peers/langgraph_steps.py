"""LangGraph with AsyncPostgresSaver, durability "sync": durable steps a second over chains of ten nodes each.

usage: langgraph_steps.py DSN runs concurrency; prints steps a second.
"""

import asyncio
import operator
import sys
import time
from typing import Annotated, TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

STEPS = 10


class State(TypedDict):
    log: Annotated[list, operator.add]


def chain(saver):
    graph = StateGraph(State)
    before = START
    for number in range(STEPS):
        async def node(state, number=number):
            return {"log": [f"step {number}"]}
        graph.add_node(f"n{number}", node)
        graph.add_edge(before, f"n{number}")
        before = f"n{number}"
    graph.add_edge(before, END)
    return graph.compile(checkpointer=saver)


async def main():
    dsn, runs, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(dsn, min_size=concurrency, max_size=concurrency, kwargs=options) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = chain(saver)
        places = asyncio.Semaphore(concurrency)
        tag = time.time_ns()

        async def one(name):
            async with places:
                await graph.ainvoke({"log": []}, {"configurable": {"thread_id": f"{tag}-{name}"}}, durability="sync")

        await asyncio.gather(*(one(f"warm-{number}") for number in range(concurrency)))
        start = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(runs)))
        print(runs * STEPS / (time.perf_counter() - start), flush=True)


asyncio.run(main())
