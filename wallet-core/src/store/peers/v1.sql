-- Whose peers these are, and the key by which addresses find their places. One row, once begun.
CREATE TABLE book (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    magic BLOB NOT NULL,
    key BLOB NOT NULL
) STRICT;

-- Times are Unix seconds; services and source are 64 bits each, as two's complement. An address
-- whose buckets are NULL answered once; the others are in these buckets (two bytes each,
-- little-endian) of those that were heard of.
CREATE TABLE addresses (
    address TEXT PRIMARY KEY,
    services INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    tried INTEGER,
    reached INTEGER,
    failures INTEGER NOT NULL,
    failed INTEGER,
    lacks_v2 INTEGER,
    source INTEGER NOT NULL,
    buckets BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE bans (
    host TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a person bans.
CREATE TABLE subnets (
    subnet TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The peers to dial first, in this order.
CREATE TABLE anchors (
    place INTEGER PRIMARY KEY,
    address TEXT NOT NULL
) STRICT;
