//! Owns what `async-hwi`'s client for Jade asks of a signing device, as Liana does: one question for
//! each run, its answer as one line of JSON.
//!
//! Refuses to judge: `tests/tests/signer_async_hwi.rs` and `tests/tests/signer_usb.rs` do.

use std::env;
use std::io::{self, Read};

use anyhow::{Context, Result, anyhow, bail};
use async_hwi::jade::{Jade, SerialTransport, Transport};
use async_hwi::{AddressScript, HWI};
use bitcoin::bip32::DerivationPath;
use bitcoin::{Network, Psbt};
use serde_json::{Value, json};

mod tcp;

use tcp::Tcp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (place, question) = arguments.split_first().context("tcp:IP:PORT or a serial port")?;
    let answer = match place.strip_prefix("tcp:") {
        Some(address) => answer(Jade::new(Tcp::connect(address).await?), question).await,
        None => {
            let port = SerialTransport::new((*place).to_owned());
            answer(Jade::new(port.map_err(|error| anyhow!("{error}"))?), question).await
        }
    };
    println!("{}", answer?);
    Ok(())
}

async fn answer<T: Transport + Sync + Send>(jade: Jade<T>, question: &[&str]) -> Result<Value> {
    let jade = jade.with_network(Network::Regtest);
    jade.ping().await.map_err(|error| anyhow!("{error}"))?;
    jade.auth().await.map_err(|error| anyhow!("{error}"))?;
    match *question {
        ["keys", path] => {
            let path: DerivationPath = path.parse()?;
            let version = jade.get_version().await?.to_string();
            let fingerprint = jade.get_master_fingerprint().await?.to_string();
            let xpub = jade.get_extended_pubkey(&path).await?.to_string();
            Ok(json!({"version": version, "fingerprint": fingerprint, "xpub": xpub}))
        }
        ["register", name, policy] => {
            let before = jade.is_wallet_registered(name, policy).await?;
            jade.register_wallet(name, policy).await?;
            let after = jade.is_wallet_registered(name, policy).await?;
            Ok(json!({"before": before, "after": after}))
        }
        ["display", name, index] => {
            let jade = jade.with_wallet(name.to_owned());
            let script = AddressScript::Miniscript { index: index.parse()?, change: false };
            jade.display_address(&script).await?;
            Ok(json!({}))
        }
        ["sign"] => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            let mut psbt: Psbt = text.trim().parse()?;
            jade.sign_tx(&mut psbt).await?;
            Ok(json!({"psbt": psbt.to_string()}))
        }
        _ => bail!("ask for: keys PATH, register NAME POLICY, display NAME INDEX, sign"),
    }
}
