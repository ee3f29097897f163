//! Owns the walk of `corepc-client`, whose types are those of Bitcoin Core 31, and stricter ones
//! behind them.

use anyhow::{Result, bail, ensure};
use corepc_client::bitcoin::{Address, Amount, Network, SignedAmount};
use corepc_client::client_sync::v31::{AddressType, Client, ImportDescriptorsRequest};
use corepc_client::client_sync::{Auth, Error};

use serde_json::Value;

use crate::world::{World, please};

/// Walks.
pub fn walk(world: &World) -> Result<()> {
    let client = enter(world)?;
    client.check_expected_server_version()?;
    informs(&client)?;
    receives_and_pays(&client, world)?;
    imports(&client, world)?;
    fails_in_order(&client, world)?;
    lets_in_who_knows_the_cookie(&client, world)
}

fn enter(world: &World) -> Result<Client> {
    Ok(Client::new_with_auth(&world.url, Auth::CookieFile(world.cookie.clone()))?)
}

fn informs(client: &Client) -> Result<()> {
    let chain = client.get_blockchain_info()?.into_model()?;
    ensure!(chain.chain == Network::Regtest && !chain.initial_block_download, "{chain:?}");
    ensure!(u64::from(chain.blocks) == client.get_block_count()?.0, "{chain:?}");
    ensure!(chain.best_block_hash == client.get_best_block_hash()?.into_model()?.0, "{chain:?}");
    let header = client.get_block_header_verbose(&chain.best_block_hash)?.into_model()?;
    ensure!(header.confirmations == 1, "{header:?}");
    let network = client.get_network_info()?.into_model()?;
    ensure!(network.subversion.starts_with("/Satoshi:31.0.0/billfold:"), "{network:?}");
    let wallet = client.get_wallet_info()?.into_model()?;
    ensure!(wallet.wallet_name == "main" && wallet.private_keys_enabled, "{wallet:?}");
    ensure!(client.list_wallets()?.0 == ["main"]);
    Ok(())
}

fn receives_and_pays(client: &Client, world: &World) -> Result<()> {
    let start = client.get_balance()?.into_model()?.0;
    let address = client.new_address_with_type(AddressType::Bech32m)?;
    let known = client.get_address_info(&address)?.into_model()?;
    ensure!(known.is_mine && known.solvable == Some(true), "{known:?}");
    please(&format!("pay {address} 10000000"))?;
    let received = Amount::from_sat(10_000_000);
    ensure!(client.get_received_by_address(&address)?.into_model()?.0 == received);
    ensure!(client.get_balance()?.into_model()?.0 == start + received);
    let coins = client.list_unspent()?.into_model()?.0;
    ensure!(coins.iter().any(|coin| coin.amount == received), "{coins:?}");

    let stranger = world.stranger.parse::<Address<_>>()?.require_network(Network::Regtest)?;
    let amount = Amount::from_sat(2_000_000);
    let txid = client.send_to_address_rbf(&stranger, amount)?.txid()?;
    let paid = client.get_transaction(txid)?.into_model()?;
    ensure!(paid.confirmations == 0 && paid.amount == -amount.to_signed()?, "{paid:?}");
    let fee = paid.fee.unwrap_or(SignedAmount::ZERO).abs().to_unsigned()?;
    let balances = client.get_balances()?.into_model()?;
    ensure!(balances.mine.trusted == start + received - amount - fee, "{balances:?}");
    please("mine 1")?;
    let paid = client.get_transaction(txid)?.into_model()?;
    ensure!(paid.confirmations == 1 && paid.block_hash.is_some(), "{paid:?}");

    let since = client.list_since_block()?.into_model()?;
    ensure!(since.last_block == client.get_best_block_hash()?.into_model()?.0, "{since:?}");
    ensure!(since.transactions.iter().any(|item| item.txid == Some(txid)), "{since:?}");
    let list = client.list_transactions()?.into_model()?;
    ensure!(list.0.iter().any(|item| item.txid == Some(txid)), "{list:?}");
    client.list_received_by_address()?.into_model()?;
    client.list_labels()?;
    Ok(())
}

/// A wallet of the stranger's key, whose payment was made before.
fn imports(client: &Client, world: &World) -> Result<()> {
    client.call::<Value>("createwallet", &["watch".into(), true.into()])?;
    let (root, _) = world.url.split_once("/wallet/").unwrap_or((&world.url, ""));
    let url = format!("{root}/wallet/watch");
    let watch = Client::new_with_auth(&url, Auth::CookieFile(world.cookie.clone()))?;
    let told = watch.get_descriptor_info(STRANGERS_KEY)?;
    let request = ImportDescriptorsRequest::new(told.descriptor.clone(), 0);
    let imported = watch.import_descriptors(&[request])?.0;
    ensure!(imported.len() == 1 && imported[0].success, "{imported:?}");
    let list = watch.list_descriptors()?;
    ensure!(list.descriptors.len() == 1, "{list:?}");
    ensure!(list.descriptors[0].descriptor == told.descriptor, "{list:?}");
    let amount = watch.get_balance()?.into_model()?.0;
    ensure!(amount >= Amount::from_sat(2_000_000), "{amount}");
    ensure!(u64::from(watch.rescan_blockchain()?.stop_height) == watch.get_block_count()?.0);
    ensure!(watch.get_balance()?.into_model()?.0 == amount, "nothing was lost");
    watch.call::<Value>("unloadwallet", &[])?;
    Ok(())
}

/// Of the address to which the walks pay.
const STRANGERS_KEY: &str =
    "wpkh(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";

fn fails_in_order(client: &Client, world: &World) -> Result<()> {
    let code = |error| match error {
        Err(Error::JsonRpc(error)) => {
            let told = error.to_string();
            let (_, told) = told.split_once("code: ").unwrap_or(("", &told));
            Ok(told.split(',').next().unwrap_or_default().parse::<i32>()?)
        }
        other => bail!("{other:?}"),
    };
    ensure!(code(client.get_block_hash(1_000_000).map(drop))? == -8);
    ensure!(code(client.get_raw_mempool().map(drop))? == -32601);
    ensure!(code(client.call::<String>("nope", &[]).map(drop))? == -32601);
    let many = [world.stranger.clone().into(), "20000".into()];
    ensure!(code(client.call::<String>("sendtoaddress", &many).map(drop))? == -6);
    Ok(())
}

fn lets_in_who_knows_the_cookie(client: &Client, world: &World) -> Result<()> {
    let is_refused = |outcome: Result<_, Error>| match outcome {
        Err(Error::JsonRpc(error)) => Ok(error.to_string().contains("401")),
        other => bail!("{other:?}"),
    };
    let wrong = Auth::UserPass("__cookie__".to_owned(), "guessed".to_owned());
    ensure!(is_refused(Client::new_with_auth(&world.url, wrong)?.get_block_count())?);
    please("restart")?;
    ensure!(is_refused(client.get_block_count())?, "an old cookie is worth nothing");
    ensure!(enter(world)?.get_wallet_info()?.tx_count > 0);
    Ok(())
}
