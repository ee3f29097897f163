//! Streams of events over real sockets, with readers that do not read.

use std::time::Duration;

use billfold_wallet_core::command::{
    Command, CommandError, Happened, JournalEntry, Reply, TellerCommand, TellerReading, TellerReply,
};
use billfold_wallet_core::light_client::height::{BlockId, Height};
use bitcoin::BlockHash;
use bitcoin::hashes::Hash as _;

use super::*;
use crate::limits::STREAMS;

/// A wallet to which something has always happened already.
fn endless(command: &Command) -> Option<Result<Reply, CommandError>> {
    let Command::Teller(command) = command else { return None };
    let TellerCommand::Read(TellerReading::Journal { after, limit }) = **command else {
        return None;
    };
    let fork = BlockId::new(Height::new(7), BlockHash::all_zeros());
    let entries = (after + 1..=after + u64::from(limit))
        .map(|seq| JournalEntry { seq, happened: Happened::Reorganised { fork } });
    Some(Ok(Reply::Teller(Box::new(TellerReply::Journal(entries.collect())))))
}

fn get(user: &str) -> Vec<u8> {
    let login = Base64::encode_string(user.as_bytes());
    let head = "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ";
    format!("{head}{login}\r\nConnection: close\r\n\r\n").into_bytes()
}

async fn busy_house() -> House {
    let face = Arc::new(Puppet::new(endless));
    of(Arc::new(Node::new(Params::new(Network::Regtest), "0.0.0", None, face))).await
}

/// More than all buffers between two programs hold.
const MOST: u64 = 256 << 20;

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut_off_and_fills_no_memory() {
    let house = busy_house().await;
    let mut stream = TcpStream::connect(house.address).await.expect("connected");
    stream.write_all(&get("all:pw")).await.expect("written");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("a head");
    assert_eq!(&first, b"HTTP/1.1 200");
    // Time stands still while anybody has something to do: when it goes on, all buffers are full.
    tokio::time::sleep(Duration::from_secs(120)).await;
    let mut rest = Vec::new();
    let ended = (&mut stream).take(MOST).read_to_end(&mut rest).await;
    // A connection that is cut is reset where not all of it was read.
    let length = u64::try_from(rest.len()).expect("it is in memory");
    assert!(ended.is_err() || length < MOST, "it went on when it was read again");
    let next = talk(house.address, &post("/", "all:pw", "", r#"{"method":"uptime","id":1}"#)).await;
    assert_eq!(next.0, 200, "others are served");
}

#[tokio::test]
async fn streams_leave_room_for_calls() {
    let house = busy_house().await;
    let mut readers = Vec::new();
    for number in 0..=STREAMS {
        let mut stream = TcpStream::connect(house.address).await.expect("connected");
        stream.write_all(&get("all:pw")).await.expect("written");
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.expect("a status");
        let wanted = if number < STREAMS { b"HTTP/1.1 200" } else { b"HTTP/1.1 503" };
        assert_eq!(&status, wanted, "{number}");
        readers.push(stream);
    }
    let told = talk(house.address, &post("/", "all:pw", "", r#"{"method":"uptime","id":1}"#)).await;
    assert_eq!(told.0, 200);
    let few = talk(house.address, &get("few:pw")).await;
    assert_eq!(few.0, 403, "whitelists count");
}
