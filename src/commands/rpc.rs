//! Owns `rpc`: one call to a running daemon, from the command line.
//!
//! Refuses to open a wallet: without a daemon it says so.

use std::net::{Ipv4Addr, SocketAddr};

use billfold_rpc::client::{self, AskError, Daemon, ParseArgumentError, Question};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::daemon::RpcArgs;
use crate::commands::daemon;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};

/// Asks, and writes the result.
///
/// # Errors
/// `no_daemon`, `call_failed` with the call's own code, `usage`, `io`.
pub(super) async fn run(options: RpcArgs, context: &mut Context) -> Result<(), Failure> {
    let settings = &context.run.settings;
    let params = client::arguments(&options.method, &options.arguments, options.named)?;
    let question = Question { wallet: options.rpc_wallet, method: options.method, params };
    let daemon = match options.rpc_port {
        Some(port) => Daemon::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None if cfg!(unix) => Daemon::Socket(daemon::socket_path(settings)),
        None => {
            let port = daemon::port(settings.network);
            Daemon::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
    };
    let cookie = daemon::cookie_path(settings);
    let result = context.interrupt.or(daemon.ask(&cookie, &question)).await??;
    context.output.result(&RpcReport(result))
}

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
                .with("code", error.code)
                .with("message", error.message),
        }
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
}
