"""A plain FastAPI server of an ONNX classifier, as its documentation and ONNX Runtime's lead one to write it.

It takes what Harrier's server takes (an image file, POST /invocations) and gives the same JSON array of
probabilities. `harrier bench --serve` starts it and puts the same load on both.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import sys

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image, UnidentifiedImageError

MODEL, THREADS = "PEER_MODEL", "PEER_THREADS"


def create_app() -> FastAPI:
    """One process's application, with a session of its own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ[THREADS])
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.environ[MODEL], sess_options=options, providers=["CPUExecutionProvider"]
    )
    _, height, width, _ = session.get_inputs()[0].shape
    app = FastAPI()

    def classify(file: bytes) -> list[float]:
        try:
            image = Image.open(io.BytesIO(file)).convert("RGB")
        except UnidentifiedImageError as error:
            raise HTTPException(400, "not an image") from error
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        pixels = numpy.asarray(image, dtype=numpy.uint8)[None]
        (probabilities,) = session.run(["probabilities"], {"image": pixels})
        return probabilities[0].tolist()

    @app.post("/invocations")
    async def invocations(request: Request) -> list[float]:
        return await run_in_threadpool(classify, await request.body())

    @app.get("/ping")
    async def ping() -> None:
        return None

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a model.onnx of Harrier's")
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of one operation, in each process")
    given = parser.parse_args()
    os.environ[MODEL], os.environ[THREADS] = given.model, str(given.threads)
    port = given.port or free_port()
    # Said when it is about to be true: who reads it asks until /ping answers.
    print(f"serving on port {port}", file=sys.stderr, flush=True)
    uvicorn.run(
        "serve:create_app",
        factory=True,
        app_dir=os.path.dirname(os.path.abspath(__file__)),
        host="127.0.0.1",
        port=port,
        workers=given.processes,
        log_level="warning",
        access_log=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
