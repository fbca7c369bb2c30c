"""The columns of the tables of speeches: a speech's facts, its text, and what a stage adds to them."""

from __future__ import annotations

import pyarrow as pa

FACTS = pa.schema(
    {
        "speech_id": pa.string(),
        "corpus": pa.string(),
        "sitting": pa.date32(),
        "ordinal": pa.int64(),
        "speaker": pa.string(),
        "role": pa.string(),
        "topic": pa.string(),
    }
)
_TEXT = pa.field("text", pa.string())

KEPT = pa.schema([*FACTS, _TEXT, pa.field("raw", pa.string())])
"""Speeches of an archive: cleaned and as read."""
REJECTED = pa.schema([*FACTS, _TEXT, pa.field("reason", pa.string()), pa.field("source", pa.string())])
"""Records of an archive that are no (usable) speech: why, and where they stand."""
MEASURES = pa.schema({"split": pa.string(), "words": pa.int64(), "bytes": pa.int64()})
SHARING = pa.field("shares_13gram", pa.bool_())
"""Whether a test speech has a run of 13 words with some model's training text in common; false in other splits."""
ALIGNED = pa.schema([*FACTS, _TEXT, *MEASURES, SHARING])
"""Speeches that models learn from or are tested on."""
