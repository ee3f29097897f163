//! Tests of the server over real sockets: statuses, content types, and who is let in.

mod hostile;
mod events;

use std::net::SocketAddr;

use base64ct::{Base64, Encoding};
use billfold_wallet_core::light_client::params::Params;
use bitcoin::Network;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::auth::{User, Whitelists};
use crate::puppet::Puppet;

struct House {
    node: Arc<Node>,
    address: SocketAddr,
    served: JoinHandle<()>,
}

/// A server with one silent wallet, and two users of whom one may only ask for two things.
async fn house() -> House {
    of(Arc::new(silent_node())).await
}

async fn of(node: Arc<Node>) -> House {
    node.add("w".parse().expect("a name"));
    let users = vec![User::new("all", "pw", [1; 16]), User::new("few", "pw", [2; 16])];
    let lists = Whitelists::new(["few:uptime,help"], Some(false));
    let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = listener.address().expect("it has one");
    let access = Access::new(users, lists);
    let served = tokio::spawn(serve(Arc::clone(&node), access, vec![listener]));
    House { node, address, served }
}

fn silent_node() -> Node {
    let face = Arc::new(Puppet::new(|_| None));
    Node::new(Params::new(Network::Regtest), "0.0.0", None, face)
}

/// Status line, headers, body.
type Told = (u16, String, String);

async fn talk(address: SocketAddr, request: &[u8]) -> Told {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request).await.expect("written");
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await.expect("read");
    let told = String::from_utf8(told).expect("text");
    let (head, body) = told.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn post(path: &str, user: &str, more: &str, body: &str) -> Vec<u8> {
    let login = Base64::encode_string(user.as_bytes());
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Basic \
         {login}\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn ask(house: &House, user: &str, body: &str) -> Told {
    talk(house.address, &post("/", user, "", body)).await
}

#[tokio::test]
async fn statuses_and_content_types_are_those_of_core() {
    let house = house().await;
    let cases = [
        (r#"{"id":1,"method":"uptime"}"#, 200, r#"{"result":0,"error":null,"id":1}"#),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"uptime"}"#,
            200,
            r#"{"jsonrpc":"2.0","result":0,"id":1}"#,
        ),
        (
            r#"{"id":1,"method":"nope"}"#,
            404,
            r#"{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#,
            200,
            r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}"#,
        ),
        (
            r#"{"id":{"a":[1.50,1e5,-0]},"method":"uptime"}"#,
            200,
            r#"{"result":0,"error":null,"id":{"a":[1.50,1e5,-0]}}"#,
        ),
        (
            r#"{"id":1}"#,
            400,
            r#"{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}"#,
        ),
        ("{", 500, r#"{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}"#),
        ("[]", 200, "[]"),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"uptime"},{"jsonrpc":"2.0","method":"uptime"},3]"#,
            200,
            r#"[{"jsonrpc":"2.0","result":0,"id":1},{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]"#,
        ),
    ];
    for (body, status, text) in cases {
        let told = ask(&house, "all:pw", body).await;
        assert_eq!((told.0, told.2.as_str()), (status, format!("{text}\n").as_str()), "{body}");
        assert!(told.1.contains("content-type: application/json"), "{body}: {}", told.1);
    }
    for body in
        [r#"{"jsonrpc":"2.0","method":"uptime"}"#, r#"[{"jsonrpc":"2.0","method":"uptime"}]"#]
    {
        let told = ask(&house, "all:pw", body).await;
        assert_eq!((told.0, told.2.as_str()), (204, ""), "{body}");
    }
}

#[tokio::test]
async fn strangers_wait_and_are_told_nothing() {
    let house = house().await;
    let before = tokio::time::Instant::now();
    for user in ["all:wrong", "nobody:pw", ""] {
        let told = ask(&house, user, r#"{"method":"uptime"}"#).await;
        assert_eq!((told.0, told.2.as_str()), (401, ""));
        assert!(told.1.contains("www-authenticate: basic realm=\"jsonrpc\""), "{}", told.1);
    }
    assert!(before.elapsed() >= 3 * crate::limits::WRONG_PASSWORD_WAIT);
    let told = talk(house.address, b"POST / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(told.0, 401);
    assert!(told.1.contains(BARE), "{}", told.1);
}

#[tokio::test]
async fn a_user_with_a_list_gets_nothing_else_in_a_batch_either() {
    let house = house().await;
    let uptime = r#"{"id":1,"method":"uptime"}"#;
    let stop = r#"{"id":1,"method":"stop"}"#;
    assert_eq!(ask(&house, "few:pw", uptime).await.0, 200);
    assert_eq!(ask(&house, "few:pw", stop).await.0, 403);
    assert_eq!(ask(&house, "few:pw", &format!("[{uptime},{uptime}]")).await.0, 200);
    assert_eq!(ask(&house, "few:pw", &format!("[{uptime},{stop}]")).await.0, 403);
    let told = ask(&house, "few:pw", &format!("[{uptime},5]")).await;
    assert_eq!(told.0, 400, "as Core: {}", told.2);
    assert_eq!(ask(&house, "all:pw", uptime).await.0, 200, "nothing stopped");
}

#[tokio::test]
async fn what_a_web_page_can_send_is_refused() {
    let house = house().await;
    let body = r#"{"id":1,"method":"uptime"}"#;
    let cases = [
        ("Origin: http://127.0.0.1\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Content-Type: application/x-www-form-urlencoded\r\n", 415),
        ("Content-Type: multipart/form-data; boundary=x\r\n", 415),
        ("Content-Type: text/plain\r\n", 200),
        ("Content-Type: application/json-rpc\r\n", 200),
    ];
    for (more, status) in cases {
        let told = talk(house.address, &post("/", "all:pw", more, body)).await;
        assert_eq!(told.0, status, "{more}");
        assert!(!told.1.contains("access-control"), "{}", told.1);
    }
    let hosts = [
        ("attacker.example", 403),
        ("127.0.0.1.attacker.example:8332", 403),
        ("192.168.0.1", 403),
        ("localhost:8332", 200),
        ("[::1]:8332", 200),
        ("127.0.0.1:1", 200),
    ];
    for (host, status) in hosts {
        let request = String::from_utf8(post("/", "all:pw", "", body)).expect("text");
        let request = request.replace("Host: 127.0.0.1", &format!("Host: {host}"));
        assert_eq!(talk(house.address, request.as_bytes()).await.0, status, "{host}");
    }
    let get = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let told = talk(house.address, get).await;
    assert_eq!((told.0, told.2.as_str()), (405, "JSONRPC server handles only POST requests"));
    assert!(told.1.contains(BARE), "{}", told.1);
}

#[tokio::test]
async fn a_wallet_is_named_by_its_path_and_never_is_one() {
    let house = house().await;
    let body = r#"{"id":1,"method":"getbalance"}"#;
    let missing = "Requested wallet does not exist or is not loaded";
    for path in [
        "/wallet/x",
        "/wallet/",
        "/wallet/..%2f..%2fetc",
        "/wallet/a/b",
        "/wallet/%77%00",
        "/wallet/w?x=1",
    ] {
        let told = talk(house.address, &post(path, "all:pw", "", body)).await;
        assert_eq!(told.0, 500, "{path}");
        assert!(told.2.contains("-18") && told.2.contains(missing), "{path}: {}", told.2);
    }
    for path in ["/x", "/wallets", "/../wallet/w", "/?x=1", "//", "/wallet"] {
        let told = talk(house.address, &post(path, "all:pw", "", body)).await;
        assert_eq!((told.0, told.2.as_str()), (404, ""), "{path}");
        assert!(told.1.contains(BARE), "{path}: {}", told.1);
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let house = house().await;
    let many = vec![r#"{"id":1,"method":"uptime"}"#; crate::limits::BATCH_CALLS + 1].join(",");
    let told = ask(&house, "all:pw", &format!("[{many}]")).await;
    assert_eq!(told.0, 400, "{}", told.2);
    let length = crate::limits::REQUEST_BYTES + 1;
    let head = post("/", "all:pw", "", "")
        .strip_suffix(b"Content-Length: 0\r\n\r\n")
        .expect("it ends so")
        .to_vec();
    let head = String::from_utf8(head).expect("text");
    let request = format!("{head}Content-Length: {length}\r\n\r\n{}", " ".repeat(length));
    assert_eq!(talk(house.address, request.as_bytes()).await.0, 413);
}

#[tokio::test]
async fn one_more_than_there_is_room_for_is_told_to_come_later() {
    let house = house().await;
    let mut guests = Vec::new();
    let body = r#"{"id":1,"method":"uptime"}"#;
    let staying = String::from_utf8(post("/", "all:pw", "", body)).expect("text");
    let staying = staying.replace("Connection: close", "Connection: keep-alive");
    for _ in 0..CONNECTIONS {
        let mut guest = TcpStream::connect(house.address).await.expect("connected");
        guest.write_all(staying.as_bytes()).await.expect("written");
        let mut first = [0; 12];
        guest.read_exact(&mut first).await.expect("answered");
        assert_eq!(&first, b"HTTP/1.1 200");
        guests.push(guest);
    }
    let mut late = TcpStream::connect(house.address).await.expect("connected");
    let mut told = String::new();
    late.read_to_string(&mut told).await.expect("told");
    let (head, body) = told.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 503 ") && body.ends_with("try later"), "{told}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{told}");
}

#[tokio::test]
async fn stop_is_answered_and_ends_the_server() {
    let house = house().await;
    let told = ask(&house, "all:pw", r#"{"id":1,"method":"stop"}"#).await;
    assert_eq!(told.2, "{\"result\":\"billfold stopping\",\"error\":null,\"id\":1}\n");
    house.served.await.expect("it ended");
    assert!(TcpStream::connect(house.address).await.is_err());
    drop(house.node);
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_is_its_owners_alone_and_goes_with_the_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("billfold.sock");
    std::fs::write(&path, "left by a crash").expect("written");
    let listener = Listener::unix(path.clone()).expect("bound");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let node = Arc::new(silent_node());
    let access = Access::new(vec![User::new("all", "pw", [1; 16])], Whitelists::default());
    let served = tokio::spawn(serve(Arc::clone(&node), access, vec![listener]));
    let mut stream = tokio::net::UnixStream::connect(&path).await.expect("connected");
    let body = r#"{"id":1,"method":"uptime"}"#;
    let request = String::from_utf8(post("/", "all:pw", "", body)).expect("text");
    let request = request.replace("Host: 127.0.0.1", "Host: anything");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("read");
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    node.stop.ask();
    served.await.expect("it ended");
    assert!(!path.exists());
}

#[tokio::test]
async fn nobody_listens_where_other_machines_can_ask() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    assert!(matches!(Listener::tcp(everywhere).await, Err(ListenError::NotLoopback(_))));
    let first = Listener::tcp(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = first.address().expect("it has one");
    assert!(
        matches!(Listener::tcp(address).await, Err(ListenError::Taken(taken)) if taken == address)
    );
}

/// The type of what Core says without JSON.
const BARE: &str = "content-type: text/html; charset=iso-8859-1";
