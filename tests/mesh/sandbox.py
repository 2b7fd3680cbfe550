"""Starts the fake national MESH with the plug-ins beside this file, in its own environment."""

import sys
from pathlib import Path

import mesh_sandbox.plugins
import uvicorn

mesh_sandbox.plugins.__path__.append(str(Path(__file__).parent / "plugins"))

if __name__ == "__main__":
    uvicorn.run("mesh_sandbox.api:app", host="127.0.0.1", port=int(sys.argv[1]))
