//! Owns what happens, as bytes.

use super::{portable_enum, portable_struct};
use crate::event::{Event, News, Note};

portable_struct! { News { wallet, event } }

portable_enum!(Event {
    Progress(status),
    Synced { tip, status, searched },
    Reorganised { fork, old_tip },
    Transaction(change),
    Invoice(change),
    Broadcast(event),
    Peer(event),
    Missed { events },
    Locked,
    Operation(id),
    Note(note),
    Stopped { error },
});

portable_enum!(Note {
    ChainRebuilt { path, what },
    PeersForgotten { path },
    ClockDiffers { offset },
    SpentElsewhere { txid },
    DustFrozen { coin, amount },
    FiltersDamaged { path },
    FiltersNotKept { path, what },
});
