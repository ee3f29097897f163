//! Owns the entries of `addr` and of `addrv2` (BIP155): addresses of peers, as a peer tells them.
//!
//! Refuses lengths that don't fit the network they name. Leaves out what can't be dialled here: Tor
//! version 2, which is no more; I2P, CJDNS and networks to come; other networks' addresses in the
//! clothes of IPv6, which BIP155 has ignored.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bitcoin::consensus::encode::VarInt;

use crate::codec::read::{take, take_array, take_bytes};
use crate::fault::Fault;
use crate::limits::MAX_ADDRESS_BYTES;
use crate::peer_id::{OnionAddress, PeerAddress};
use crate::time::WallTime;

/// An address as a peer tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rumour {
    /// The address.
    pub address: PeerAddress,
    /// What its peer is said to serve.
    pub services: u64,
    /// When it was seen, as is said.
    pub seen: WallTime,
}

/// An entry of `addr`.
pub(super) fn take_v1(rest: &mut &[u8]) -> Result<Option<Rumour>, Fault> {
    let seen: u32 = take(rest)?;
    let services: u64 = take(rest)?;
    let ip = Ipv6Addr::from(take_array::<16>(rest)?);
    let address = PeerAddress::ip(SocketAddr::new(ip.into(), take_port(rest)?));
    Ok(Some(rumour(address, services, seen)))
}

/// An entry of `addrv2`; `None` if it can't be dialled here.
pub(super) fn take_v2(rest: &mut &[u8]) -> Result<Option<Rumour>, Fault> {
    let seen: u32 = take(rest)?;
    let VarInt(services) = take(rest)?;
    let network: u8 = take(rest)?;
    let bytes = take_bytes(rest, MAX_ADDRESS_BYTES)?;
    let port = take_port(rest)?;
    let ip = |ip: IpAddr| Some(PeerAddress::Ip(SocketAddr::new(ip, port)));
    let address = match network {
        IPV4 => ip(Ipv4Addr::from(fixed::<4>(bytes)?).into()),
        IPV6 => {
            let address = Ipv6Addr::from(fixed::<16>(bytes)?);
            if address.to_ipv4_mapped().is_some() { None } else { ip(address.into()) }
        }
        TOR_V3 => Some(PeerAddress::Onion(OnionAddress::new(fixed(bytes)?), port)),
        TOR_V2 => fixed::<10>(bytes).map(|_| None)?,
        I2P => fixed::<32>(bytes).map(|_| None)?,
        CJDNS => fixed::<16>(bytes).map(|_| None)?,
        _ => None,
    };
    Ok(address.map(|address| rumour(address, services, seen)))
}

fn rumour(address: PeerAddress, services: u64, seen: u32) -> Rumour {
    Rumour { address, services, seen: WallTime::new(seen.into()) }
}

/// The one number of the protocol that is big-endian.
fn take_port(rest: &mut &[u8]) -> Result<u16, Fault> {
    Ok(u16::from_be_bytes(take_array(rest)?))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Malformed)
}

// Network numbers (BIP155).
const IPV4: u8 = 1;
const IPV6: u8 = 2;
const TOR_V2: u8 = 3;
const TOR_V3: u8 = 4;
const I2P: u8 = 5;
const CJDNS: u8 = 6;

#[cfg(test)]
mod tests {
    use bitcoin::hex::FromHex as _;
    use bitcoin::p2p::address::{AddrV2, AddrV2Message, Address};
    use bitcoin::p2p::message::NetworkMessage;
    use bitcoin::p2p::{Magic, ServiceFlags};
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{Decoder, Message, encode};
    use crate::dial::Wire;

    fn heard(message: &NetworkMessage) -> Result<Vec<Rumour>, Fault> {
        let mut answers = Vec::new();
        for wire in [Wire::V1, Wire::V2] {
            let mut decoder = Decoder::new(wire, Magic::REGTEST);
            decoder.feed(encode(wire, Magic::REGTEST, message.clone()));
            answers.push(decoder.next_message().map(|message| match message {
                Some(Message::Addresses(rumours)) => rumours,
                other => unreachable!("{other:?}"),
            }));
        }
        assert_eq!(answers[0], answers[1], "both transports carry the same");
        answers.remove(0)
    }

    fn v2(addr: AddrV2, port: u16) -> AddrV2Message {
        let services = ServiceFlags::NETWORK | ServiceFlags::COMPACT_FILTERS;
        AddrV2Message { time: 1_700_000_000, services, addr, port }
    }

    #[test]
    fn what_can_be_dialled_is_read_and_the_rest_left_out() {
        let key = <[u8; 32]>::from_hex(
            "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f",
        )
        .expect("hexadecimal");
        let mapped = Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped();
        let entries = vec![
            v2(AddrV2::Ipv4(Ipv4Addr::new(1, 2, 3, 4)), 8333),
            v2(AddrV2::Ipv6(Ipv6Addr::new(0x2a00, 1, 0, 0, 0, 0, 0, 1)), 8334),
            v2(AddrV2::TorV3(key), 8335),
            v2(AddrV2::Ipv6(mapped), 1),
            v2(AddrV2::TorV2([1; 10]), 1),
            v2(AddrV2::I2p([1; 32]), 0),
            v2(AddrV2::Cjdns(Ipv6Addr::new(0xfc00, 1, 0, 0, 0, 0, 0, 1)), 1),
            v2(AddrV2::Unknown(99, vec![1; 500]), 1),
        ];
        let rumours = heard(&NetworkMessage::AddrV2(entries)).expect("well formed");
        let told: Vec<_> = rumours.iter().map(|rumour| rumour.address.to_string()).collect();
        // The example of BIP155, "Appendix B".
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8335";
        assert_eq!(told, ["1.2.3.4:8333", "[2a00:1::1]:8334", onion]);
        assert!(rumours.iter().all(|r| r.services == 65 && r.seen.to_unix() == 1_700_000_000));
    }

    #[test]
    fn the_older_message_says_the_same() {
        let address = Address::new(&([1, 2, 3, 4], 8333).into(), ServiceFlags::NETWORK);
        let rumours = heard(&NetworkMessage::Addr(vec![(7, address)])).expect("well formed");
        let address = "1.2.3.4:8333".parse().expect("an address");
        assert_eq!(rumours, [rumour(address, 1, 7)]);
    }

    #[test]
    fn too_many_and_misfits_are_refused() {
        let one = v2(AddrV2::Ipv4(Ipv4Addr::new(1, 2, 3, 4)), 8333);
        let many = |n| heard(&NetworkMessage::AddrV2(vec![one.clone(); n]));
        assert_eq!(many(1000).map(|rumours| rumours.len()), Ok(1000));
        assert_eq!(many(1001), Err(Fault::Oversized));
        for (network, length) in [(1, 5), (2, 4), (3, 9), (4, 31), (5, 33), (6, 15)] {
            let misfit = [&[0, 0, 0, 0, 1, network, length][..], &[1; 40]].concat();
            assert_eq!(take_v2(&mut &misfit[..]), Err(Fault::Malformed), "network {network}");
        }
        let long = [&[0, 0, 0, 0, 1, 99, 0xfd, 1, 2][..], &[1; 600]].concat();
        assert_eq!(take_v2(&mut &long[..]), Err(Fault::Oversized));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut rest = &bytes[..];
            while take_v2(&mut rest).is_ok() {}
            let mut rest = &bytes[..];
            while take_v1(&mut rest).is_ok() {}
        }
    }
}
