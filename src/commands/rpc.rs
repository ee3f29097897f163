//! Owns `rpc`: one call to a running daemon, from the command line.
//!
//! Refuses to open a wallet: without a daemon it says so.

mod overview;

use std::io::{self, BufRead as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use billfold_rpc::client::{self, AskError, Daemon, Login, ParseArgumentError, Question};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::cli::daemon::RpcArgs;
use crate::commands::daemon;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::password;
use crate::session::attached::socket_path;

/// Asks, and writes the result.
///
/// # Errors
/// `no_daemon`, `call_failed` with the call's own code, `usage`, `io`.
pub(super) async fn run(options: RpcArgs, context: &mut Context) -> Result<(), Failure> {
    let asker = Asker::new(&options, context)?;
    let Some(method) = options.method else {
        return overview::run(&asker, options.rpc_wallet, context).await;
    };
    let mut arguments = options.arguments;
    if options.stdin {
        let lines = io::stdin().lock().lines().collect::<Result<Vec<_>, _>>();
        arguments.extend(lines.map_err(|error| {
            Failure::new(Kind::Io, format!("standard input can't be read: {error}"))
        })?);
    }
    let params = client::arguments(&method, &arguments, options.named)?;
    let question = Question { wallet: options.rpc_wallet, method, params };
    let result = asker.ask(&question, context).await?;
    context.output.result(&RpcReport(result))
}

/// Who asks which daemon, and how patiently.
struct Asker {
    daemon: Daemon,
    login: Login,
    /// Until when to ask again while nobody answers, if at all.
    patience: Option<Patience>,
}

#[derive(Clone, Copy)]
enum Patience {
    Endless,
    Until(Instant),
}

impl Asker {
    fn new(options: &RpcArgs, context: &Context) -> Result<Self, Failure> {
        let settings = &context.run.settings;
        let daemon = match options.rpc_port {
            Some(port) => Daemon::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            None if cfg!(unix) => Daemon::Socket(socket_path(settings)),
            None => {
                let port = daemon::port(settings.network);
                Daemon::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            }
        };
        let login = match (&options.rpc_user, &options.rpc_password_file) {
            (Some(user), Some(path)) => {
                let password = password::first_line(path, "the password")?;
                Login::Password(Zeroizing::new([user.as_bytes(), b":", &password].concat()))
            }
            _ => Login::Cookie(daemon::cookie_path(settings)),
        };
        let patience = options.rpc_wait.then(|| {
            let wait = options.rpc_wait_timeout.map(Duration::from_secs);
            let end = wait.and_then(|wait| Instant::now().checked_add(wait));
            end.map_or(Patience::Endless, Patience::Until)
        });
        Ok(Self { daemon, login, patience })
    }

    /// Asks, and asks again as long as no daemon is there or it is still starting.
    async fn ask(
        &self,
        question: &Question,
        context: &mut Context,
    ) -> Result<Box<RawValue>, Failure> {
        loop {
            let outcome = context.interrupt.or(self.daemon.ask(&self.login, question)).await?;
            let is_starting = match &outcome {
                Err(AskError::NoDaemon { .. }) => true,
                Err(AskError::Call(error)) => error.code == IN_WARMUP,
                _ => false,
            };
            let waits = match self.patience {
                None => false,
                Some(Patience::Endless) => true,
                Some(Patience::Until(end)) => Instant::now() < end,
            };
            if !(is_starting && waits) {
                return Ok(outcome?);
            }
            context.interrupt.or(tokio::time::sleep(PAUSE)).await?;
        }
    }
}

/// Bitcoin Core's code for a daemon that is not ready yet.
const IN_WARMUP: i32 = -28;

/// Between two tries, as `bitcoin-cli` has it.
const PAUSE: Duration = Duration::from_secs(1);

/// A result, digit for digit as the daemon sent it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct RpcReport(Box<RawValue>);

impl Report for RpcReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        match serde_json::from_str(self.0.get()) {
            Ok(Value::String(text)) => text,
            _ => indented(self.0.get()),
        }
    }
}

/// JSON over several lines, with every number as it was written.
fn indented(json: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut before = None;
    for letter in json.chars() {
        if in_string {
            in_string = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            text.push(letter);
            continue;
        }
        let closes = matches!(letter, '}' | ']');
        if closes {
            depth = depth.saturating_sub(1);
        }
        let is_empty = closes && matches!(before, Some('{' | '['));
        if !is_empty && (closes || matches!(before, Some('{' | '[' | ','))) {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        }
        text.push(letter);
        match letter {
            '{' | '[' => depth += 1,
            ':' => text.push(' '),
            '"' => in_string = true,
            _ => {}
        }
        before = Some(letter);
    }
    text
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let message = error.to_string();
        match error {
            AskError::NoDaemon { .. } | AskError::Unauthorized | AskError::Full => {
                Self::new(Kind::NoDaemon, message)
            }
            AskError::NoCookie { .. } | AskError::Broken(_) => Self::new(Kind::Io, message),
            AskError::NoReply { status } => {
                Self::new(Kind::CallFailed, message).with("status", status)
            }
            AskError::Call(error) => Self::new(Kind::CallFailed, error.message.clone())
                .exiting(exit(error.code))
                .with("code", error.code)
                .with("message", error.message),
        }
    }
}

/// As `bitcoin-cli` exits: the code without its sign, of which the system keeps one byte.
const fn exit(code: i32) -> u8 {
    match code.unsigned_abs().to_le_bytes()[0] {
        // That would be taken for success.
        0 => 1,
        exit => exit,
    }
}

impl From<ParseArgumentError> for Failure {
    fn from(error: ParseArgumentError) -> Self {
        Self::new(Kind::Usage, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_shown_line_by_line_and_digit_for_digit() {
        let text = indented(r#"{"a":[1.10000000,{}],"b":[],"c{,":"x\",[{:"}"#);
        let expected = "{\n  \"a\": [\n    1.10000000,\n    {}\n  ],\n  \"b\": [],\n  \
                        \"c{,\": \"x\\\",[{:\"\n}";
        assert_eq!(text, expected);
        assert_eq!(indented("7"), "7");
    }

    #[test]
    fn the_exit_code_is_the_error_s_and_never_success() {
        assert_eq!([-8, -32601, -256, 0].map(exit), [8, 89, 1, 1]);
    }
}
