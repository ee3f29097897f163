//! Owns the walk of `bitcoincore-rpc`, whose types are those of older Bitcoin Cores.

use anyhow::{Result, bail, ensure};
use bitcoincore_rpc::bitcoin::{Address, Amount, Network};
use bitcoincore_rpc::json::{AddressType, GetTransactionResultDetailCategory};
use bitcoincore_rpc::jsonrpc::Error as CallError;
use bitcoincore_rpc::jsonrpc::simple_http;
use bitcoincore_rpc::{Auth, Client, Error, RpcApi};
use serde_json::{Value, json};

use crate::world::{World, please};

/// Walks.
pub fn walk(world: &World) -> Result<()> {
    let client = Client::new(&world.url, Auth::CookieFile(world.cookie.clone()))?;
    informs(&client)?;
    receives_and_pays(&client, world)?;
    fails_in_order(&client)?;
    answers_batches(&client)?;
    lets_in_who_knows_the_cookie(&client, world)
}

fn informs(client: &Client) -> Result<()> {
    let chain = client.get_blockchain_info()?;
    ensure!(chain.chain == Network::Regtest && !chain.initial_block_download, "{chain:?}");
    ensure!(chain.blocks == client.get_block_count()?, "{chain:?}");
    ensure!(chain.best_block_hash == client.get_best_block_hash()?, "{chain:?}");
    ensure!(chain.best_block_hash == client.get_block_hash(chain.blocks)?, "{chain:?}");
    let header = client.get_block_header_info(&chain.best_block_hash)?;
    ensure!(header.confirmations == 1, "{header:?}");
    let header = client.get_block_header(&chain.best_block_hash)?;
    ensure!(header.block_hash() == chain.best_block_hash, "{header:?}");
    let network = client.get_network_info()?;
    ensure!(network.version == 310_000 && client.version()? == 310_000, "{network:?}");
    ensure!(client.get_connection_count()? == 1);
    let wallet = wallet(client)?;
    ensure!(wallet["walletname"] == "main" && wallet["private_keys_enabled"] == true, "{wallet}");
    ensure!(client.list_wallets()? == ["main"]);
    client.uptime()?;
    Ok(())
}

/// Its own type wants `balance`, which Bitcoin Core 31 has no more.
fn wallet(client: &Client) -> Result<Value> {
    Ok(client.call("getwalletinfo", &[])?)
}

fn receives_and_pays(client: &Client, world: &World) -> Result<()> {
    let (before, start) = (client.get_best_block_hash()?, client.get_balance(None, None)?);
    let address = client.get_new_address(Some("shop"), Some(AddressType::Bech32m))?;
    let address = address.require_network(Network::Regtest)?;
    let known = client.get_address_info(&address)?;
    ensure!(known.is_mine == Some(true) && known.is_watchonly == Some(false), "{known:?}");
    please(&format!("pay {address} 10000000"))?;
    let received = Amount::from_sat(10_000_000);
    ensure!(client.get_received_by_address(&address, Some(1))? == received);
    ensure!(client.get_balance(Some(1), None)? == start + received);
    let coins = client.list_unspent(None, None, Some(&[&address]), None, None)?;
    let [coin] = &coins[..] else { bail!("{coins:?}") };
    ensure!(coin.amount == received && coin.label.as_deref() == Some("shop"), "{coin:?}");

    let stranger = world.stranger.parse::<Address<_>>()?.require_network(Network::Regtest)?;
    let amount = Amount::from_sat(2_000_000);
    let txid =
        client.send_to_address(&stranger, amount, Some("rent"), None, None, None, None, None)?;
    let paid = client.get_transaction(&txid, None)?;
    ensure!(paid.info.confirmations == 0 && paid.amount == -amount.to_signed()?, "{paid:?}");
    ensure!(paid.details[0].category == GetTransactionResultDetailCategory::Send, "{paid:?}");
    let fee = paid.fee.unwrap_or_default().abs().to_unsigned()?;
    let balances = client.get_balances()?;
    ensure!(balances.mine.trusted == start + received - amount - fee, "{balances:?}");
    please("mine 1")?;
    let paid = client.get_transaction(&txid, None)?;
    ensure!(paid.info.confirmations == 1 && paid.info.blockhash.is_some(), "{paid:?}");

    let since = client.list_since_block(Some(&before), None, None, None)?;
    ensure!(since.lastblock == client.get_best_block_hash()?, "{since:?}");
    ensure!(since.transactions.len() == 2, "{since:?}");
    let last = client.list_transactions(None, Some(1), None, None)?;
    ensure!(last.len() == 1 && last[0].info.txid == txid, "{last:?}");
    let spent = client.lock_unspent(&[])?;
    ensure!(spent, "an empty list of locks is no failure");
    Ok(())
}

fn fails_in_order(client: &Client) -> Result<()> {
    let code = |error| match error {
        Err(Error::JsonRpc(CallError::Rpc(error))) => Ok(error.code),
        other => bail!("{other:?}"),
    };
    ensure!(code(client.get_block_hash(1_000_000).map(drop))? == -8);
    ensure!(code(client.get_raw_mempool().map(drop))? == -32601);
    ensure!(code(client.call::<String>("nope", &[]).map(drop))? == -32601);
    ensure!(code(client.call::<String>("sendtoaddress", &["x".into(), 1.into()]).map(drop))? == -5);
    ensure!(code(client.call::<String>("getblockhash", &[]).map(drop))? == -1);
    ensure!(code(client.call::<String>("getblockhash", &["1".into()]).map(drop))? == -3);
    Ok(())
}

fn answers_batches(client: &Client) -> Result<()> {
    let client = client.get_jsonrpc_client();
    let none = serde_json::value::to_raw_value(&json!([]))?;
    let calls: Vec<_> = ["getblockcount", "nope", "getbalances", "uptime"]
        .map(|method| client.build_request(method, Some(&none)))
        .into();
    let replies = client.send_batch(&calls)?;
    let told: Vec<_> =
        replies.iter().map(|reply| reply.as_ref().is_some_and(|r| r.error.is_none())).collect();
    ensure!(told == [true, false, true, true], "{replies:?}");
    Ok(())
}

fn lets_in_who_knows_the_cookie(client: &Client, world: &World) -> Result<()> {
    let status = |outcome| match outcome {
        Err(Error::JsonRpc(CallError::Transport(error))) => {
            match error.downcast_ref::<simple_http::Error>() {
                Some(simple_http::Error::HttpErrorCode(status)) => Ok(*status),
                _ => bail!("{error:?}"),
            }
        }
        other => bail!("{other:?}"),
    };
    let wrong = Auth::UserPass("__cookie__".to_owned(), "guessed".to_owned());
    ensure!(status(Client::new(&world.url, wrong)?.get_block_count())? == 401);
    please("restart")?;
    ensure!(status(client.get_block_count())? == 401, "an old cookie is worth nothing");
    let client = Client::new(&world.url, Auth::CookieFile(world.cookie.clone()))?;
    ensure!(wallet(&client)?["txcount"].as_u64() > Some(0));
    Ok(())
}
