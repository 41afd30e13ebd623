"""The peer of `GET /api/runs/{id}`: FastAPI with asyncpg over the same database, doing the same for a request.

It checks the token by its SHA-256 behind the tenant's row-level security (the setting is local to the transaction),
reads the run as the JSON that Postgres makes, and sends those bytes. It does both in one transaction, skips asyncpg's
reset of returned connections, and runs on uvloop and httptools: whatever makes it faster at the same work.
"""

import hashlib
import json
import os
import uuid
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, HTTPException, Request, Response

HOLDER = """
    SELECT t.token_id, t.user_id, t.scopes, u.role, u.platform_admin
    FROM tokens t
    JOIN users u ON u.tenant_id = t.tenant_id AND u.user_id = t.user_id AND u.status = 'active'
    JOIN tenants n ON n.tenant_id = t.tenant_id AND n.status = 'active'
    WHERE t.tenant_id = $1 AND t.secret_hash = $2 AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > platform_now())
"""


def time(column):
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


RUN = f"""
    SELECT json_build_object('id', run_id, 'persona_id', persona_id, 'persona_version', persona_version,
        'graph_id', graph_id, 'graph_version', graph_version, 'trigger', trigger, 'status', status, 'seq', seq,
        'steps', steps, 'waiting_for', waiting_for, 'input', input, 'output', output, 'error', error,
        'cancel_requested', cancel_requested, 'trace_id', trace_id, 'created_by', created_by,
        'created_at', {time("created_at")}, 'started_at', {time("started_at")}, 'finished_at', {time("finished_at")})
    FROM runs WHERE tenant_id = $1 AND run_id = $2
"""


async def keep_state(connection):
    """Nothing outlives the transaction, so there is nothing to reset."""


@asynccontextmanager
async def lifespan(app):
    place = json.loads(os.environ["PEER_POSTGRES"])
    size = int(os.environ["PEER_CONNECTIONS"])
    app.state.pool = await asyncpg.create_pool(**place, min_size=size, max_size=size, reset=keep_state)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


def credentials(request):
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    parts = token.split("_", 2)
    if scheme.lower() != "bearer" or len(parts) != 3 or len(parts[1]) != 32:
        raise HTTPException(401)
    return uuid.UUID(hex=parts[1]), hashlib.sha256(token.encode()).digest()


@app.get("/api/runs/{run_id}")
async def run(run_id: uuid.UUID, request: Request):
    tenant, secret = credentials(request)
    async with app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
        if await connection.fetchrow(HOLDER, tenant, secret) is None:
            raise HTTPException(401)
        document = await connection.fetchval(RUN, tenant, run_id)
    if document is None:
        raise HTTPException(404)
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-store"})


@app.get("/readyz")
async def ready():
    async with app.state.pool.acquire() as connection:
        await connection.fetchval("SELECT 1")
    return {"status": "ready"}
