-- The anchor that the headers stand on. There is one row, once the file is begun.
CREATE TABLE base (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    network TEXT NOT NULL,
    genesis BLOB NOT NULL,
    height INTEGER NOT NULL,
    hash BLOB NOT NULL,
    time INTEGER,
    next_bits INTEGER NOT NULL,
    work BLOB NOT NULL,
    -- BIP157, as a peer said it.
    filter_header BLOB
) STRICT;

-- Up to a thousand headers of 80 bytes in a row, from the height `first` upwards; the number of
-- the row is its heights divided by a thousand. The checksum (CRC-32C) is over chunk, first (both
-- eight bytes, little-endian) and entries.
CREATE TABLE headers (
    chunk INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    entries BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

-- The same for filter hashes (BIP157) of 32 bytes.
CREATE TABLE filter_hashes (
    chunk INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    entries BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
