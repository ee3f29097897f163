//! Owns the methods about tokens: made, listed, taken back, looked at, narrowed.

use billfold_wallet_core::command::{
    NewToken, TellerCommand, TellerReading, TellerReply, TokenId, TokenKey,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::arguments::{self, Arguments};
use crate::auth::{Grant, Token};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::method::billfold::{policy, teller};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

const CAVEATS: Parameter = Parameter::required(
    "caveats",
    Kind::Array,
    "Lines NAME=VALUE: role, methods, until, from, uid, calls_per_minute, per_payment_sat, \
     budget_sat=SAT/SECONDS, to",
);
const TOKEN: Parameter = Parameter::required("token", Kind::Text, "The token");

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.token.create",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("label", Kind::Text, "What it is for, in your words"),
            CAVEATS,
        ],
        about: "Make a token for this wallet. It is shown once: only its secret is kept. For the \
                owner only.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(create(node, desk, arguments))),
    },
    Method {
        name: "billfold.token.inspect",
        category: Category::Billfold,
        parameters: &[TOKEN],
        about: "What a token says, and whether it works.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, arguments| Box::pin(inspect(desk, arguments))),
    },
    Method {
        name: "billfold.token.list",
        category: Category::Billfold,
        parameters: &[],
        about: "All tokens of this wallet, without their secrets.",
        standing: Standing::Ours,
        run: Run::Wallet(|_, desk, _| Box::pin(list(desk))),
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
        about: "Take a token back for good, with all that were narrowed from it.",
        standing: Standing::Ours,
        run: Run::Change(|_, desk, arguments| Box::pin(revoke(desk, arguments))),
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
    let kept = NewToken { id, key, label, caveats };
    teller(desk, TellerCommand::AddToken(Box::new(kept))).await?;
    answer(&TokenForm { token: &token.to_text(), id: id.to_string() })
}

async fn inspect(desk: &Desk, arguments: &Arguments) -> Outcome {
    let token = token(arguments.required_text(0)?)?;
    let TellerReply::Token(kept) =
        teller(desk, TellerCommand::Read(TellerReading::Token(token.id))).await?
    else {
        return Err(RpcError::bug());
    };
    let works = kept.is_some_and(|kept| !kept.is_revoked && token.is_made_with(&kept.key));
    answer(&InspectForm { id: token.id.to_string(), caveats: token.caveats, works })
}

async fn list(desk: &Desk) -> Outcome {
    let TellerReply::Tokens(tokens) =
        teller(desk, TellerCommand::Read(TellerReading::Tokens)).await?
    else {
        return Err(RpcError::bug());
    };
    let forms: Vec<_> = tokens
        .into_iter()
        .map(|token| RecordForm {
            id: token.id.to_string(),
            label: token.label,
            caveats: token.caveats,
            created: token.created,
            revoked: token.revoked,
        })
        .collect();
    answer(&forms)
}

async fn revoke(desk: &Desk, arguments: &Arguments) -> Outcome {
    let id: TokenId = arguments
        .required_text(0)?
        .parse()
        .map_err(|_| RpcError::parameter("The id of a token has 16 hexadecimal digits"))?;
    teller(desk, TellerCommand::RevokeToken(id)).await?;
    answer(&RevokedForm { id: id.to_string(), revoked: true })
}

fn token(text: &str) -> Result<Token, RpcError> {
    text.parse().map_err(|_| RpcError::parameter("This is no token of billfold"))
}

/// Caveats that are understood.
fn caveats(given: &Value, network: bitcoin::Network) -> Result<Vec<String>, RpcError> {
    let texts = arguments::array(given)?.iter().map(arguments::text);
    let caveats = texts.map(|text| text.map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    Grant::read(&caveats, network).map_err(|error| RpcError::parameter(error.to_string()))?;
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
}

#[derive(Debug, Serialize)]
struct RecordForm {
    id: String,
    label: String,
    caveats: Vec<String>,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
}

#[derive(Debug, Serialize)]
struct RevokedForm {
    id: String,
    revoked: bool,
}
