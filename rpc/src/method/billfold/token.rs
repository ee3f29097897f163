//! Owns the methods about tokens: made, listed, taken back, looked at, narrowed.

use std::collections::BTreeSet;
use std::sync::Arc;

use billfold_wallet_core::command::{
    Asker, NewToken, TellerCommand, TokenId, TokenKey, TokenRecord,
};
use billfold_wallet_core::config::WalletName;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::arguments::{self, Arguments};
use crate::auth::{Grant, Token};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::keeper::{self, Kept};
use crate::method::billfold::{policy, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::{NOT_LOADED, Node};
use crate::parameter::{Kind, Parameter};

const CAVEATS: Parameter = Parameter::required(
    "caveats",
    Kind::Array,
    "Lines NAME=VALUE: role, methods, until, from, uid, calls_per_minute, per_payment_sat, \
     budget_sat=SAT/SECONDS, to, wallets",
);
const TOKEN: Parameter = Parameter::required("token", Kind::Text, "The token");

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.token.create",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("label", Kind::Text, "What it is for, in your words"),
            CAVEATS,
            Parameter::optional(
                "wallets",
                Kind::Array,
                "The open wallets that it is for; left out: this one, which keeps it in any case",
            ),
        ],
        about: "Make a token for this wallet, or for those that are named. It is shown once: only \
                its secret is kept. For the owner only.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(create(node, desk, arguments))),
    },
    Method {
        name: "billfold.token.inspect",
        category: Category::Billfold,
        parameters: &[TOKEN],
        about: "What a token says, and whether it works at this wallet.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, arguments| Box::pin(inspect(node, desk, arguments))),
    },
    Method {
        name: "billfold.token.list",
        category: Category::Billfold,
        parameters: &[],
        about: "All tokens that this wallet keeps, or that are for it, without their secrets.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, _| Box::pin(list(node, desk))),
    },
    Method {
        name: "billfold.token.narrow",
        category: Category::Billfold,
        parameters: &[TOKEN, CAVEATS],
        about: "The same token bound by more. Nobody is asked for it: it can be done anywhere.",
        standing: Standing::Ours,
        run: Run::Pure(|network, arguments| {
            let mut token = token(arguments.required_text(0)?)?;
            for caveat in caveats(arguments.required(1), network)? {
                token = token.narrowed(&caveat).map_err(|e| RpcError::parameter(e.to_string()))?;
            }
            answer(&TokenForm { token: &token.to_text(), id: token.id.to_string() })
        }),
    },
    Method {
        name: "billfold.token.revoke",
        category: Category::Billfold,
        parameters: &[Parameter::required("id", Kind::Text, "The token's id")],
        about: "Take a token back for good and for every wallet, with all that were narrowed from it.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(revoke(node, desk, arguments))),
    },
];

async fn create(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    policy::owner(desk)?;
    let caveats = caveats(arguments.required(1), node.params.network)?;
    let (mut id, mut key) = ([0; 8], Zeroizing::new([0; 32]));
    let drawn = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut *key));
    drawn.map_err(|error| RpcError::new(Code::Misc, error.to_string()))?;
    let (id, key) = (TokenId(id), TokenKey(key));
    let mut token = Token::new(id, &key);
    for caveat in &caveats {
        token = token.narrowed(caveat).map_err(|error| RpcError::parameter(error.to_string()))?;
    }
    let label = arguments.required_text(0)?.to_owned();
    let wallets = arguments.value(2).map(|names| wallets(node, names)).transpose()?;
    let wallets = wallets.unwrap_or_default();
    let kept = NewToken { id, key, label, caveats, wallets };
    teller(desk, TellerCommand::AddToken(Box::new(kept))).await?;
    answer(&TokenForm { token: &token.to_text(), id: id.to_string() })
}

/// The wallets that a token is to be for, each of which is open.
fn wallets(node: &Node, names: &Value) -> Result<Vec<WalletName>, RpcError> {
    let open = node.wallets();
    let wallet = |name: &Value| {
        let name = arguments::text(name)?;
        let found = open.iter().find(|desk| desk.name() == name);
        let unknown = || RpcError::new(Code::WalletNotFound, format!("{name}: {NOT_LOADED}"));
        found.map(|desk| desk.wallet().clone()).ok_or_else(unknown)
    };
    let listed = arguments::array(names)?.iter().map(wallet);
    let listed: BTreeSet<_> = listed.collect::<Result<_, _>>()?;
    if listed.is_empty() {
        return Err(RpcError::parameter("Name at least one wallet, or leave wallets out"));
    }
    Ok(listed.into_iter().collect())
}

async fn inspect(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let token = token(arguments.required_text(0)?)?;
    let kept = Kept::find(node, token.id).await;
    let pass = kept.and_then(|kept| kept.pass(&token, node.params.network));
    let wallets = pass.map(|pass| pass.wallets).unwrap_or_default();
    answer(&InspectForm {
        id: token.id.to_string(),
        caveats: token.caveats,
        works: wallets.contains(desk.wallet()),
        wallets: named(&wallets),
    })
}

async fn list(node: &Node, desk: &Desk) -> Outcome {
    let form = |(keeper, token): (Arc<Desk>, TokenRecord)| RecordForm {
        id: token.id.to_string(),
        label: token.label,
        caveats: token.caveats,
        kept_by: keeper.name().to_owned(),
        wallets: named(&keeper::meant(&keeper, &token.wallets)),
        created: token.created,
        revoked: token.revoked,
    };
    let tokens = keeper::tokens(node, desk).await?;
    answer(&tokens.into_iter().map(form).collect::<Vec<_>>())
}

/// The wallet that keeps the token is asked. Whoever has a token asks its own wallet alone.
async fn revoke(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let id: TokenId = arguments
        .required_text(0)?
        .parse()
        .map_err(|_| RpcError::parameter("The id of a token has 16 hexadecimal digits"))?;
    let by = desk.authority().filter(|by| !matches!(by.asker, Asker::Token(_)));
    let kept = if by.is_some() { Kept::find(node, id).await } else { None };
    let keeper = kept.zip(by).map(|(kept, by)| kept.keeper.on_behalf_of(by.clone()));
    teller(keeper.as_ref().unwrap_or(desk), TellerCommand::RevokeToken(id)).await?;
    answer(&RevokedForm { id: id.to_string(), revoked: true })
}

fn named(wallets: &BTreeSet<WalletName>) -> Vec<String> {
    wallets.iter().map(ToString::to_string).collect()
}

fn token(text: &str) -> Result<Token, RpcError> {
    text.parse().map_err(|_| RpcError::parameter("This is no token of billfold"))
}

/// Caveats that are understood.
fn caveats(given: &Value, network: bitcoin::Network) -> Result<Vec<String>, RpcError> {
    let texts = arguments::array(given)?.iter().map(arguments::text);
    let caveats = texts.map(|text| text.map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    Grant::read(&caveats, &[], network).map_err(|error| RpcError::parameter(error.to_string()))?;
    Ok(caveats)
}

#[derive(Serialize)]
struct TokenForm<'a> {
    id: String,
    token: &'a str,
}

#[derive(Debug, Serialize)]
struct InspectForm {
    id: String,
    caveats: Vec<String>,
    works: bool,
    wallets: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RecordForm {
    id: String,
    label: String,
    caveats: Vec<String>,
    kept_by: String,
    wallets: Vec<String>,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
}

#[derive(Debug, Serialize)]
struct RevokedForm {
    id: String,
    revoked: bool,
}
