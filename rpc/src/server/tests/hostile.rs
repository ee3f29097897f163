//! Tests of the server with clients that mean harm, or are broken: what they send never ends, nests
//! without an end, or has nobody who waits for the answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use billfold_wallet_core::command::{Command, CommandError, Reply};

use tokio::io::duplex;

use super::*;
use crate::limits::{REQUEST_BYTES, REQUEST_TIME, SLOW_READER, WAITING_QUESTIONS};

#[tokio::test]
async fn nesting_without_an_end_is_an_error_and_nothing_more() {
    let house = house().await;
    let deep = "[".repeat(REQUEST_BYTES);
    let objects = "{\"params\":".repeat(100_000);
    let inside = format!(r#"{{"method":"uptime","params":{}"#, "[".repeat(1_000_000));
    let closed = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    for body in [deep, objects, inside, closed] {
        let told = ask(&house, "all:pw", &body).await;
        let shown = &told.2[..told.2.len().min(200)];
        assert!(told.2.contains("-32700") || told.2.contains("-32600"), "{} {shown}", told.0);
    }
    assert_eq!(ask(&house, "all:pw", UPTIME).await.0, 200);
}

#[tokio::test]
async fn who_sends_too_slowly_is_left() {
    let house = house().await;
    let mut headless = TcpStream::connect(house.address).await.expect("connected");
    headless.write_all(b"POST / HTTP/1.1\r\nHost: 127.0").await.expect("written");
    let whole = String::from_utf8(post("/", "all:pw", "", UPTIME)).expect("text");
    let part = whole.strip_suffix("\"}").expect("it ends so");
    let mut halved = TcpStream::connect(house.address).await.expect("connected");
    halved.write_all(part.as_bytes()).await.expect("written");
    // Others are answered meanwhile, and both have arrived by then.
    for _ in 0..10 {
        assert_eq!(ask(&house, "all:pw", UPTIME).await.0, 200);
    }
    tokio::time::pause();
    tokio::time::advance(HEADER_TIME.max(REQUEST_TIME) + Duration::from_secs(1)).await;
    tokio::time::resume();
    let mut told = String::new();
    // It ends: that is all that is promised to who never said what they want.
    let _ = headless.read_to_string(&mut told).await;
    halved.read_to_string(&mut told).await.expect("read");
    let told = told.rsplit_once("HTTP/1.1 ").expect("a head").1;
    assert!(told.starts_with("408 ") && told.ends_with("The request came too slowly"), "{told}");
    assert_eq!(ask(&house, "all:pw", UPTIME).await.0, 200);
}

/// Who asks much and reads none of it needs no password for that.
#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_left() {
    let (mut near, far) = duplex(ON_THE_WAY);
    let attended = attend_one(far, Arc::new(silent_node()), Access::default());
    let asking = async {
        let _ = near.write_all(HEALTH.repeat(MANY).as_bytes()).await;
        std::future::pending::<()>().await;
    };
    let left = async {
        tokio::select! {
            () = attended => {}
            () = asking => {}
        }
    };
    timeout(4 * SLOW_READER, left).await.expect("its place is free again");
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_told_all() {
    let (near, far) = duplex(ON_THE_WAY);
    let attended = tokio::spawn(attend_one(far, Arc::new(silent_node()), Access::default()));
    let (mut replies, mut requests) = tokio::io::split(near);
    let asking = tokio::spawn(async move {
        requests.write_all(HEALTH.repeat(MANY).as_bytes()).await.expect("written");
        requests
    });
    let mut told = Vec::new();
    while String::from_utf8_lossy(&told).matches("ok\n").count() < MANY {
        tokio::time::sleep(SLOW_READER / 2).await;
        assert_ne!(replies.read_buf(&mut told).await.expect("it goes on"), 0);
    }
    drop((asking.await.expect("all were asked"), replies));
    attended.await.expect("it ends");
}

/// Strangers reach the port, and only the owner the socket.
#[cfg(unix)]
#[tokio::test]
async fn who_fills_the_port_leaves_the_socket_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("billfold.sock");
    let port = Listener::tcp(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = port.address().expect("it has one");
    let listeners = vec![port, Listener::unix(path.clone()).expect("bound")];
    let node = Arc::new(silent_node());
    let served = tokio::spawn(serve(Arc::clone(&node), Access::default(), listeners));
    let mut guests = Vec::new();
    let mut status = [0; 12];
    for _ in 0..CONNECTIONS {
        let mut guest = TcpStream::connect(address).await.expect("connected");
        guest.write_all(HEALTH.as_bytes()).await.expect("written");
        guest.read_exact(&mut status).await.expect("answered");
        assert_eq!(&status, b"HTTP/1.1 200");
        guests.push(guest);
    }
    let mut late = TcpStream::connect(address).await.expect("connected");
    late.read_exact(&mut status).await.expect("told");
    assert_eq!(&status, b"HTTP/1.1 503");
    let mut owner = tokio::net::UnixStream::connect(&path).await.expect("connected");
    owner.write_all(HEALTH.as_bytes()).await.expect("written");
    owner.read_exact(&mut status).await.expect("answered");
    assert_eq!(&status, b"HTTP/1.1 200");
    node.stop.ask();
    served.await.expect("it ended");
}

/// A payment that was begun is carried to its end, or its coins would be held by nobody.
#[tokio::test]
async fn what_changes_a_wallet_is_done_when_its_client_has_left() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static DONE: AtomicUsize = AtomicUsize::new(0);
    let gate = Arc::new(Semaphore::new(0));
    let script = |_: &_| {
        BEGUN.fetch_add(1, Ordering::SeqCst);
        Some(Err(CommandError::Closing))
    };
    let done = || {
        DONE.fetch_add(1, Ordering::SeqCst);
    };
    let face = Puppet::new(script).answering_later(done).waiting_at(Arc::clone(&gate));
    let node = Node::new(Params::new(Network::Regtest), "0.0.0", None, Arc::new(face));
    let house = of(Arc::new(node)).await;
    let change = r#"{"id":1,"method":"getrawchangeaddress"}"#;
    let mut client = TcpStream::connect(house.address).await.expect("connected");
    client.write_all(&post("/", "all:pw", "", change)).await.expect("written");
    asked_until(&house, || BEGUN.load(Ordering::SeqCst) == 1).await;
    drop(client);
    // By then the server has seen that it left.
    for _ in 0..10 {
        ask(&house, "all:pw", UPTIME).await;
    }
    gate.add_permits(1);
    asked_until(&house, || DONE.load(Ordering::SeqCst) == 1).await;
}

/// The engine is at something long, and all places at its door are taken.
#[tokio::test]
async fn who_only_reads_waits_for_nobody_who_asks_the_engine() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    let script = |command: &Command| {
        if let Command::Holdings { .. } = command {
            return Some(Ok(Reply::Holdings(Box::default())));
        }
        BEGUN.fetch_add(1, Ordering::SeqCst);
        None
    };
    let face = Puppet::new(script);
    let node = Node::new(Params::new(Network::Regtest), "0.0.0", None, Arc::new(face));
    let house = of(Arc::new(node)).await;
    let abort = post("/", "all:pw", "", r#"{"id":1,"method":"abortrescan"}"#);
    let mut waiting = Vec::new();
    for _ in 0..=WAITING_QUESTIONS {
        let mut client = TcpStream::connect(house.address).await.expect("connected");
        client.write_all(&abort).await.expect("written");
        waiting.push(client);
    }
    asked_until(&house, || BEGUN.load(Ordering::SeqCst) == WAITING_QUESTIONS).await;
    let balance = r#"{"id":1,"method":"getbalance"}"#;
    let told = timeout(HEADER_TIME, ask(&house, "all:pw", balance)).await.expect("it is answered");
    assert_eq!(told.0, 200, "{}", told.2);
}

/// Asks until something is so.
async fn asked_until(house: &House, is_so: impl Fn() -> bool) {
    for _ in 0..PATIENCE {
        if is_so() {
            return;
        }
        assert_eq!(ask(house, "all:pw", UPTIME).await.0, 200);
    }
    panic!("it never was");
}

/// Questions that are asked before something is given up.
const PATIENCE: usize = 10_000;

const UPTIME: &str = r#"{"id":1,"method":"uptime"}"#;

/// What is asked without a password.
const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/// Requests whose replies are more than what is [`ON_THE_WAY`].
const MANY: usize = 200;

/// Bytes that a connection holds in each direction.
const ON_THE_WAY: usize = 1_024;
