"""The tables of archived events.

An archived event keeps its row, so that positions, versions and the links between them stay as they are. Its
payload is the number of a segment, an integer where others have bytes, and its metadata is empty: both are in
the segment's file.
"""

IS_ARCHIVED = "typeof(payload) = 'integer'"

SCHEMA = (
    # `file` is the name of the file, which no other segment has had.
    """CREATE TABLE actum_segments (
        segment INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
        events INTEGER NOT NULL, is_sealed INTEGER NOT NULL)""",
    # Segments with events that were removed since. Nothing that removes events has to think of that.
    "CREATE TABLE actum_segments_due (segment INTEGER PRIMARY KEY)",
    """CREATE TRIGGER actum_events_unarchived AFTER DELETE ON actum_events
        WHEN typeof(old.payload) = 'integer' BEGIN
        INSERT OR IGNORE INTO actum_segments_due VALUES (old.payload); END""",
    # Files that may exist and are no segment's: about to be written, or replaced.
    "CREATE TABLE actum_segments_unused (file TEXT PRIMARY KEY) WITHOUT ROWID",
)
