//! Both ends of a connection over loopback, the other one scripted.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use bip324::{
    CipherSession, GarbageResult, Handshake, NUM_LENGTH_BYTES, PacketType, ReceivedKey, Role,
    VersionResult,
};
use bitcoin::p2p::Magic;
use tokio::net::TcpListener;

use super::*;
use crate::light_client::codec::v2::MAX_CONTENTS;
use crate::limits::V2_GARBAGE_BYTES;

const CHAIN: Network = Network::Regtest;

/// A stream to us and the end of it that is the peer's.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

/// What a peer does in its handshake.
struct Script {
    garbage: usize,
    decoys: &'static [&'static [u8]],
    /// Changes what follows the key: garbage, its end, decoys, version.
    bend: fn(&mut Vec<u8>),
}

const HONEST: Script = Script { garbage: 0, decoys: &[], bend: |_| {} };

/// Answers a handshake; the ciphers, if the dialler goes on with it.
async fn respond(stream: &mut TcpStream, script: Script) -> io::Result<CipherSession> {
    let mut key = [0; 64];
    stream.read_exact(&mut key).await?;
    let garbage = vec![7; script.garbage.min(V2_GARBAGE_BYTES)];
    let mut hello = vec![0; Handshake::send_key_len(Some(&garbage))];
    let handshake = Handshake::new(CHAIN, Role::Responder).unwrap();
    let handshake = handshake.send_key(Some(&garbage), &mut hello).unwrap();
    let handshake = handshake.receive_key(key).unwrap();
    let mut version = vec![0; Handshake::<ReceivedKey<'_>>::send_version_len(Some(script.decoys))];
    let mut handshake = handshake.send_version(&mut version, Some(script.decoys)).unwrap();
    hello.resize(64 + script.garbage, 7);
    let mut tail = [&hello[64..], &version].concat();
    (script.bend)(&mut tail);
    stream.write_all(&hello[..64]).await?;
    stream.write_all(&tail).await?;

    let mut read = Vec::new();
    let (mut handshake, used) = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match handshake.receive_garbage(&read).unwrap() {
            GarbageResult::NeedMoreData(same) => handshake = same,
            GarbageResult::FoundGarbage { handshake, consumed_bytes } => {
                break (handshake, consumed_bytes);
            }
        }
    };
    assert!(used <= V2_GARBAGE_BYTES + 16);
    let mut packets = read[used..].to_vec();
    while packets.len() < 20 {
        assert!(stream.read_buf(&mut packets).await? > 0);
    }
    let length = handshake.decrypt_packet_len(packets[..3].try_into().unwrap()).unwrap();
    assert_eq!((length, packets.len()), (17, 20), "an empty version packet and no decoy");
    match handshake.receive_version(&mut packets[3..].to_vec()).unwrap() {
        VersionResult::Complete { cipher } => Ok(cipher),
        VersionResult::Decoy(_) => panic!("a decoy"),
    }
}

/// Both ends after a handshake in which the peer follows the script.
async fn shaken(script: Script) -> (Incoming, Outgoing, TcpStream, CipherSession) {
    let (ours, mut theirs) = connected().await;
    let (begun, answered) = tokio::join!(begin(ours, Some(CHAIN)), respond(&mut theirs, script));
    let (incoming, outgoing) = begun.unwrap();
    (incoming, outgoing, theirs, answered.unwrap())
}

/// How our handshake with a peer that follows the script fails.
async fn failed(script: Script) -> DialProblem {
    let (ours, mut theirs) = connected().await;
    let theirs = async {
        let _ = respond(&mut theirs, script).await;
        // It stays open: what is wrong shows by itself.
        theirs
    };
    let (begun, _theirs) = tokio::join!(begin(ours, Some(CHAIN)), theirs);
    begun.err().expect("a broken handshake")
}

#[tokio::test]
async fn contents_go_both_ways_and_decoys_are_dropped() {
    let script =
        Script { garbage: V2_GARBAGE_BYTES, decoys: &[b"", b"a decoy", &[1; 9_000]], ..HONEST };
    let (mut incoming, mut outgoing, mut theirs, mut cipher) = shaken(script).await;
    outgoing.write(b"ours".to_vec()).await.unwrap();
    let mut packet = [0; 24];
    theirs.read_exact(&mut packet).await.unwrap();
    let length = packet[..NUM_LENGTH_BYTES].try_into().unwrap();
    assert_eq!(cipher.inbound().decrypt_packet_len(length), 21);
    let (kind, plain) = cipher.inbound().decrypt_to_vec(&packet[3..], None).unwrap();
    assert_eq!((kind, &plain[1..]), (PacketType::Genuine, &b"ours"[..]));

    // Many, so that keys are changed; the contents of the last are as long as may be.
    let mut sent: Vec<Vec<u8>> = (0..300_u16).map(|n| n.to_be_bytes().repeat(n.into())).collect();
    sent.push(vec![9; MAX_CONTENTS]);
    let mut stream = Vec::new();
    for contents in &sent {
        stream.extend(cipher.outbound().encrypt_to_vec(b"x", PacketType::Decoy, None));
        stream.extend(cipher.outbound().encrypt_to_vec(contents, PacketType::Genuine, None));
    }
    let writing = tokio::spawn(async move { theirs.write_all(&stream).await });
    let mut received = Vec::new();
    loop {
        match incoming.next().await.unwrap() {
            Piece::Whole(contents) => received.push(contents),
            Piece::Part => {}
            Piece::End => break,
        }
    }
    assert!(received == sent, "{} of {}", received.len(), sent.len());
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_of_version_1_is_told_from_a_broken_one() {
    // It closes, having seen no magic.
    let (ours, theirs) = connected().await;
    drop(theirs);
    assert_eq!(begin(ours, Some(CHAIN)).await.err(), Some(DialProblem::NoV2));
    // It answers with what is shorter than a key.
    let (ours, mut theirs) = connected().await;
    theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    drop(theirs);
    assert_eq!(begin(ours, Some(CHAIN)).await.err(), Some(DialProblem::NoV2));
    // It speaks first, in version 1.
    let (ours, mut theirs) = connected().await;
    theirs.write_all(&Magic::REGTEST.to_bytes()).await.unwrap();
    theirs.write_all(b"version\0\0\0\0\0").await.unwrap();
    theirs.write_all(&[0; 100]).await.unwrap();
    assert_eq!(begin(ours, Some(CHAIN)).await.err(), Some(DialProblem::NoV2));
    // Its garbage does not end.
    let endless = Script { garbage: V2_GARBAGE_BYTES + 1, ..HONEST };
    assert_eq!(failed(endless).await, DialProblem::NoV2);
    // Its garbage, its version, or a decoy before it is not what it sealed.
    let garbage = Script { garbage: 9, bend: |tail| tail[0] ^= 1, ..HONEST };
    assert_eq!(failed(garbage).await, DialProblem::BrokenV2);
    let version = Script { bend: |tail| *tail.last_mut().unwrap() ^= 1, ..HONEST };
    assert_eq!(failed(version).await, DialProblem::BrokenV2);
    let decoy = Script { decoys: &[b"x"], bend: |tail| tail[16 + 3] ^= 1, ..HONEST };
    assert_eq!(failed(decoy).await, DialProblem::BrokenV2);
    // The length of its first packet is too great: the upper byte is the third.
    let length = Script { bend: |tail| tail[16 + 2] ^= 0xff, ..HONEST };
    assert_eq!(failed(length).await, DialProblem::BrokenV2);
}

/// btcd 0.26 hangs up on 4,095 bytes, which BIP324 allows.
#[test]
fn our_garbage_is_never_more_than_every_node_takes() {
    let sent: BTreeSet<_> = (0..=u16::MAX).map(handshake::garbage_bytes).collect();
    assert_eq!(sent, (0..=4094).collect());
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_may_speak_version_1_and_a_slow_one_does_not() {
    let (ours, _theirs) = connected().await;
    assert_eq!(begin(ours, Some(CHAIN)).await.err(), Some(DialProblem::NoV2));
    let (ours, mut theirs) = connected().await;
    theirs.write_all(b"a few bytes").await.unwrap();
    assert_eq!(begin(ours, Some(CHAIN)).await.err(), Some(DialProblem::TimedOut));
}

#[tokio::test]
async fn a_packet_that_is_too_long_is_refused_before_it_comes() {
    let (mut incoming, _outgoing, mut theirs, mut cipher) = shaken(HONEST).await;
    let packet =
        cipher.outbound().encrypt_to_vec(&vec![0; MAX_CONTENTS + 1], PacketType::Decoy, None);
    theirs.write_all(&packet[..100]).await.unwrap();
    let error = incoming.next().await.unwrap_err();
    assert_eq!(error.to_string(), "a packet is too long");
}

#[tokio::test]
async fn a_packet_that_comes_slowly_shows_that_it_comes() {
    let (mut incoming, _outgoing, mut theirs, mut cipher) = shaken(HONEST).await;
    let packet = cipher.outbound().encrypt_to_vec(b"slowly", PacketType::Genuine, None);
    for place in 0..packet.len() - 1 {
        theirs.write_all(&packet[place..=place]).await.unwrap();
        assert_eq!(incoming.next().await.unwrap(), Piece::Part);
    }
    theirs.write_all(&packet[packet.len() - 1..]).await.unwrap();
    assert_eq!(incoming.next().await.unwrap(), Piece::Whole(b"slowly".to_vec()));
}

#[tokio::test]
async fn a_packet_that_was_changed_on_the_way_is_refused() {
    let (mut incoming, _outgoing, mut theirs, mut cipher) = shaken(HONEST).await;
    let mut packet = cipher.outbound().encrypt_to_vec(b"pay me", PacketType::Genuine, None);
    packet[5] ^= 1;
    theirs.write_all(&packet).await.unwrap();
    let error = incoming.next().await.unwrap_err();
    assert_eq!(error.to_string(), "a packet does not authenticate");
}

#[tokio::test]
async fn version_1_is_handed_through() {
    let (ours, mut theirs) = connected().await;
    let (mut incoming, mut outgoing) = begin(ours, None).await.unwrap();
    outgoing.write(b"ours".to_vec()).await.unwrap();
    let mut read = [0; 4];
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"ours");
    theirs.write_all(b"theirs").await.unwrap();
    assert_eq!(incoming.next().await.unwrap(), Piece::Whole(b"theirs".to_vec()));
    drop(theirs);
    assert_eq!(incoming.next().await.unwrap(), Piece::End);
}
