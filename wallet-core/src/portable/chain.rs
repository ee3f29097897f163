//! Owns what the chain client tells, as bytes.

use super::{portable_as, portable_enum, portable_struct};
use crate::light_client::chain::merkle_tree::MerkleBranch;
use crate::light_client::dial::{DialProblem, ProxyProblem, Purpose, Wire};
use crate::light_client::evidence::{Evidence, FilterEvidence, FilterHeaders};
use crate::light_client::fault::Fault;
use crate::light_client::fees::{Confidence, FeeEstimate, FeeReport};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::kept::{FilterId, FilterRange, FoundFilters, KeptFilter};
use crate::light_client::known_block::KnownBlock;
use crate::light_client::output::{BroadcastEvent, PeerEvent};
use crate::light_client::peer_id::{OnionAddress, PeerAddress, PeerHost, PeerId, Subnet};
use crate::light_client::peer_order::PeerOrder;
use crate::light_client::status::{
    AddedPeer, BannedHost, BannedSubnet, Disputes, KnownAddress, Pace, PeerSearch, PeerStatus,
    Status, Traffic, Waiting, Weighing,
};
use crate::light_client::time::{ClockOffset, WallTime};

portable_as! {
    Height as u32 { |it| it.to_u32(), |blocks| Some(Self::new(blocks)) }
    PeerId as u64 { |it| it.to_u64(), |number| Some(Self::new(number)) }
    WallTime as u64 { |it| it.to_unix(), |seconds| Some(Self::new(seconds)) }
    ClockOffset as i64 { |it| it.seconds(), |seconds| Some(Self::new(seconds)) }
    KeptFilter as (FilterId, Vec<u8>) {
        |it| (it.id, it.bytes.to_vec()),
        |parts| Some(Self { id: parts.0, bytes: parts.1.into() })
    }
    OnionAddress as Vec<u8> {
        |it| it.public_key().to_vec(),
        |key| key.try_into().ok().map(Self::new)
    }
}

portable_struct! {
    BlockId { height, hash }
    KnownBlock { id, header, median_time, work, next }
    FilterRange { first, last }
    FilterId { block, hash }
    FoundFilters { filters, unread }
    MerkleBranch { position, siblings }
    Evidence { headers, tip, filter }
    FilterEvidence { hash, headers, agreeing, peers }
    FilterHeaders { previous, header }
    FeeReport { floor, counted, peers, blocks, estimates }
    FeeEstimate { target, rate, confidence }
    PeerSearch { addresses, usable, seeds, seeds_asked, seeds_answered, failures, proxy }
    BannedHost { host, until, reason }
    BannedSubnet { subnet, since, until }
    AddedPeer { name, address }
    KnownAddress { address, services, seen }
    Pace { filters, bytes, left }
    Weighing { height, again }
    Disputes { agreeing, peers, heights, set_aside }
    PeerStatus {
        peer, address, wire, purpose, ready, user_agent, services, height, latency, compared,
        differences, set_aside, bytes_received, fee_floor, named, traffic,
    }
    Traffic {
        since, last_sent, last_received, last_block, sent, received, version, clock,
        least_latency, ping_since, common, asked, addresses,
    }
    Status {
        tip, filter_headers, disputes, cursor, announced, synced, waiting, filters_matched,
        blocks_fetched, blocks_unchecked, weighing, clock, bytes_received, pace, announcing, taken,
        offering, fees, peers, search, banned, banned_by_hand, active, added, bytes_sent,
    }
}

portable_enum!(Wire { V1, V2 });
portable_enum!(Purpose { Chain, Broadcast, Addresses, Feeler });
portable_enum!(Confidence { None, Low, Medium, High });
portable_enum!(Waiting { Nothing, Peers, Headers, Clock, FilterHeaders, Filters, Blocks });
portable_enum!(PeerAddress { Ip(address), Onion(onion, port), Host(name, port) });
portable_enum!(Subnet { Ip(first, bits), Onion(onion) });
portable_enum!(PeerOrder {
    Activate(active),
    Add { name, address, wire },
    Remove(address),
    Try { address, wire },
    Leave(peer),
    Ping,
    Ban { subnet, since, until },
    Unban(subnet),
    ClearBans,
});
portable_enum!(PeerHost { Ip(address), Onion(onion), Name(name) });
portable_enum!(ProxyProblem { Unreachable, Silent, NotSocks5, Credentials, Refused(reply) });
portable_enum!(DialProblem {
    Refused, TimedOut, Unreachable, NoV2, BrokenV2, NeedsProxy, Proxy(problem),
});
portable_enum!(Fault {
    WrongMagic,
    Oversized,
    Malformed,
    Handshake,
    SelfConnection,
    MissingServices,
    TooOld,
    InvalidHeader,
    UnconnectedHeaders,
    InvalidFilterHeaders,
    InvalidFilter,
    FalseFilter,
    InvalidBlock,
    Unsolicited,
    Stalled,
    NotServing,
});
portable_enum!(PeerEvent {
    Ready { peer, address, user_agent, wire },
    Gone { peer, address, fault },
    FiltersDiffer { peer, address, height },
    Unreachable { address, why },
});
portable_enum!(BroadcastEvent {
    Sent { txid, peer }, Echoed { txid, peer }, BelowFloor { txid, floor },
});
