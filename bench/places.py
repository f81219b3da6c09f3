"""Where the bench keeps its things. All of it may be deleted at any time, but for RESULTS.md."""

from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
TARGET = HERE / "target"
PEERS = HERE / "peers"
RESULTS = HERE / "RESULTS.md"
REAL_TAPES = ROOT.parent / "shared" / "data" / "ticks"
