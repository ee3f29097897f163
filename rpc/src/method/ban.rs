//! Owns the methods about parts of the network that a person bans.
//!
//! Refuses to show or to lift what the chain client bans by itself: that is proof, not opinion.

use billfold_wallet_core::light_client::limits::{BAN_TIME, MAX_BANS};
use billfold_wallet_core::light_client::peer_id::{PeerHost, Subnet};
use billfold_wallet_core::light_client::peer_order::PeerOrder;
use billfold_wallet_core::light_client::time::WallTime;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "clearbanned",
        category: Category::Network,
        parameters: &[],
        about: "Clear all banned IPs.",
        standing: Standing::Same,
        run: Run::Node(|node, _| {
            Box::pin(async { answer(&node.order(PeerOrder::ClearBans).await?) })
        }),
    },
    Method {
        name: "listbanned",
        category: Category::Network,
        parameters: &[],
        about: "List all manually banned IPs/Subnets.",
        standing: Standing::Same,
        run: Run::Node(|node, _| Box::pin(list(node))),
    },
    Method {
        name: "setban",
        category: Category::Network,
        parameters: &[
            Parameter::required("subnet", Kind::Text, "The IP/Subnet with an optional netmask"),
            Parameter::required("command", Kind::Text, "add or remove"),
            Parameter::optional("bantime", Kind::Number, "Seconds; 0: a day"),
            Parameter::optional("absolute", Kind::Bool, "bantime is a time, not a length"),
        ],
        about: "Attempts to add or remove an IP/Subnet from the banned list.",
        standing: Standing::Differs(
            "I2P and CJDNS addresses are invalid; -8 for one more than a thousand; bans end with \
             the daemon where the only peers were named by --connect",
        ),
        run: Run::Node(|node, arguments| Box::pin(set(node, arguments))),
    },
];

async fn list(node: &Node) -> Outcome {
    let status = node.status().await?;
    let now = node.now();
    let forms = status.banned_by_hand.iter().filter(|ban| ban.until.to_unix() > now).map(|ban| {
        let (since, until) = (ban.since.to_unix(), ban.until.to_unix());
        BanForm {
            address: ban.subnet.to_string(),
            ban_created: since,
            banned_until: until,
            ban_duration: until.saturating_sub(since),
            time_remaining: until - now,
        }
    });
    answer(&forms.collect::<Vec<_>>())
}

async fn set(node: &Node, arguments: &Arguments) -> Outcome {
    let (text, command) = (arguments.required_text(0)?, arguments.required_text(1)?);
    if command != "add" && command != "remove" {
        let help = Method::named("setban").map(Method::help).unwrap_or_default();
        return Err(RpcError::new(Code::Misc, help));
    }
    let subnet: Subnet = text
        .parse()
        .map_err(|_| RpcError::new(Code::InvalidIpOrSubnet, "Error: Invalid IP/Subnet"))?;
    let status = node.status().await?;
    let now = node.now();
    let bans = || status.banned_by_hand.iter().filter(|ban| ban.until.to_unix() > now);
    if command == "remove" {
        if !status.banned_by_hand.iter().any(|ban| ban.subnet == subnet) {
            let message = "Error: Unban failed. Requested address/subnet was not previously \
                           manually banned.";
            return Err(RpcError::new(Code::InvalidIpOrSubnet, message));
        }
        return answer(&node.order(PeerOrder::Unban(subnet)).await?);
    }
    // One address is banned by any subnet that it is in.
    let host = text.parse::<PeerHost>().ok().filter(|_| !text.contains('/'));
    let is_banned = bans().any(|ban| match &host {
        Some(host) => ban.subnet.contains(host),
        None => ban.subnet == subnet,
    });
    if is_banned {
        return Err(RpcError::new(Code::NodeAlreadyAdded, "Error: IP/Subnet already banned"));
    }
    let until = until(arguments.long(2)?.unwrap_or(0), arguments.flag(3, false)?, now)?;
    if status.banned_by_hand.len() >= MAX_BANS {
        return Err(RpcError::parameter("Error: Too many bans: remove one first"));
    }
    let (since, until) = (WallTime::new(now), WallTime::new(until));
    answer(&node.order(PeerOrder::Ban { subnet, since, until }).await?)
}

/// When a ban ends, in Unix seconds.
fn until(time: i64, absolute: bool, now: u64) -> Result<u64, RpcError> {
    let given = u64::try_from(time).unwrap_or(0);
    if absolute && given < now {
        return Err(RpcError::parameter("Error: Absolute timestamp is in the past"));
    }
    Ok(match (absolute, given) {
        (_, 0) => now.saturating_add(BAN_TIME.as_secs()),
        (true, given) => given,
        (false, given) => now.saturating_add(given),
    })
}

#[derive(Debug, Serialize)]
struct BanForm {
    address: String,
    ban_created: u64,
    banned_until: u64,
    ban_duration: u64,
    time_remaining: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_lasts_a_day_unless_it_is_said() {
        assert_eq!(until(0, false, 1_000), Ok(87_400));
        assert_eq!(until(-5, false, 1_000), Ok(87_400));
        assert_eq!(until(5, false, 1_000), Ok(1_005));
        assert_eq!(until(i64::MAX, false, 1_000), Ok(1_000 + (1 << 63) - 1));
        assert_eq!(until(2_000, true, 1_000), Ok(2_000));
        assert_eq!(until(999, true, 1_000).map_err(|error| error.code), Err(-8));
        assert_eq!(until(-1, true, 1_000).map_err(|error| error.code), Err(-8));
    }
}
