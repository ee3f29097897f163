//! Owns what hosts ask for: which requests are answered at once, which wait for the person, and
//! what happens when the person agrees.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{Lock, Pending, Session, Stage, registered};
use crate::address::{AddressError, ShownAddress};
use crate::message::MessageReview;
use crate::network::Chain;
use crate::pages::Pages;
use crate::path::path;
use crate::policy::{Novelty, Policy, PolicyError};
use crate::protocol::call::{AddressOf, Call};
use crate::protocol::chunks::Chunks;
use crate::protocol::code::ErrorCode;
use crate::protocol::reply::Reply;
use crate::protocol::request::{Id, Request};
use crate::review::Review;
use crate::screen::{Screen, ScreenKind};
use crate::signing::{Signing, Step};
use crate::time::Time;
use crate::unlocked::Unlocked;

/// What a host waits for.
pub(super) enum Wish {
    /// Keys for this chain.
    Unlock(Chain),
    /// The address that is shown.
    Address(ShownAddress),
    /// A signed message.
    Message(Box<MessageReview>),
    /// A registered policy.
    Policy(Box<Policy>),
    /// A signed transaction.
    Transaction(Box<Review>),
    /// The same, once the person has agreed.
    Signatures,
}

impl Wish {
    pub(super) const fn is_unlock(&self) -> bool {
        matches!(self, Self::Unlock(_))
    }
}

/// An answer to give at once, or a wish and its pages.
enum Turn {
    Answer(Reply),
    Ask(Wish, Vec<Screen>),
}

impl Session {
    pub(super) fn serve(&mut self, request: Request, now: Time) {
        let Request { id, call } = request;
        let call = match call {
            Ok(call) => call,
            Err(why) => return self.answer(&id, &Reply::error(why.code(), why.to_string())),
        };
        match call {
            Call::Ping => self.answer(&id, &Reply::Number(self.activity())),
            Call::Version => self.answer(&id, &self.version()),
            Call::Cancel => {
                self.refuse("cancelled by the host");
                self.answer(&id, &Reply::True);
            }
            Call::PieceRequest(asked) => {
                let reply = match self.chunks.as_mut().map(|chunks| chunks.next(&asked)) {
                    Some(Ok(reply)) => reply,
                    Some(Err(why)) => Reply::error(ErrorCode::Protocol, why.to_string()),
                    None => Reply::error(ErrorCode::Protocol, "there is nothing to fetch"),
                };
                self.answer(&id, &reply);
            }
            call => {
                self.drop_pending();
                self.chunks = None;
                self.take_turn(id, call, now);
            }
        }
    }

    /// Answers, or asks the person; everything here ends what was asked before.
    fn take_turn(&mut self, id: Id, call: Call, now: Time) {
        let turn = match call {
            Call::AddEntropy(bytes) => {
                self.host_entropy.add(&bytes);
                Ok(Turn::Answer(Reply::True))
            }
            // The device has no clock to set.
            Call::SetEpoch => Ok(Turn::Answer(Reply::True)),
            Call::Logout => {
                self.lock();
                Ok(Turn::Answer(Reply::True))
            }
            Call::AuthUser(chain) => return self.authenticate(id, chain, now),
            #[cfg(feature = "test-build")]
            Call::DebugSetMnemonic { words, passphrase } => {
                let taken = self.take_words(&words, &passphrase);
                let refused = |why: super::TakeWordsError| bad(why.to_string());
                taken.map(|()| Turn::Answer(Reply::True)).map_err(refused)
            }
            call => match &self.lock {
                Lock::Open(unlocked) => turn(unlocked, call),
                _ => Err(Reply::error(ErrorCode::Locked, self.locked_because())),
            },
        };
        match turn {
            Ok(Turn::Answer(reply)) | Err(reply) => self.answer(&id, &reply),
            Ok(Turn::Ask(..)) if !matches!(self.stage, Stage::Home(_) | Stage::Read(_)) => {
                let why = "somebody uses the device's own menus: finish there first";
                self.answer(&id, &Reply::error(ErrorCode::UserCancelled, why));
            }
            Ok(Turn::Ask(wish, screens)) => {
                self.asked = now;
                self.pending = Some(Pending { id, wish });
                self.stage = Stage::Ask(Pages::new(&screens));
            }
        }
    }

    fn authenticate(&mut self, id: Id, chain: Chain, now: Time) {
        match &self.lock {
            Lock::Open(_) | Lock::Empty | Lock::Broken(_) => {
                let reply = self.authenticated(chain);
                self.answer(&id, &reply);
            }
            Lock::Locked { .. } => {
                if matches!(self.stage, Stage::Home(_) | Stage::Read(_)) {
                    self.asked = now;
                    self.ask_pin();
                }
                let unlocking =
                    matches!(self.stage, Stage::Pin(_) | Stage::Passphrase(..) | Stage::Working(_));
                if unlocking {
                    self.pending = Some(Pending { id, wish: Wish::Unlock(chain) });
                } else {
                    self.answer(&id, &Reply::error(ErrorCode::Locked, self.locked_because()));
                }
            }
        }
    }

    /// Whether there are keys for a chain. Never `false`: some hosts ask again for ever, others
    /// take it for success.
    pub(super) fn authenticated(&self, chain: Chain) -> Reply {
        match &self.lock {
            Lock::Open(unlocked) => match for_chain(unlocked, chain) {
                Ok(()) => Reply::True,
                Err(reply) => reply,
            },
            _ => Reply::error(ErrorCode::Locked, self.locked_because()),
        }
    }

    fn locked_because(&self) -> String {
        match &self.lock {
            Lock::Empty => {
                "the device has no keys: create or restore them on its screen".to_owned()
            }
            Lock::Broken(why) => why.to_string(),
            Lock::Locked { .. } | Lock::Open(_) => "unlock the device on its screen".to_owned(),
        }
    }

    /// Ends what a host waits for, without a reply.
    pub(super) fn drop_pending(&mut self) {
        self.pending = None;
        if matches!(self.stage, Stage::Ask(_) | Stage::Signing { .. }) {
            self.go_home();
        }
    }

    /// Ends what a host waits for, and says so.
    pub(super) fn refuse(&mut self, why: &str) {
        if let Some(Pending { id, wish }) = self.pending.take() {
            self.answer(&id, &Reply::error(ErrorCode::UserCancelled, why));
            if wish.is_unlock() {
                self.go_home();
            }
        }
        if matches!(self.stage, Stage::Ask(_) | Stage::Signing { .. }) {
            self.go_home();
        }
    }

    /// Does what the person agreed to.
    pub(super) fn agreed(&mut self) {
        let Some(Pending { id, wish }) = self.pending.take() else { return self.go_home() };
        let Lock::Open(unlocked) = &mut self.lock else { return self.go_home() };
        let reply = match wish {
            Wish::Address(address) => Reply::Text(address.text().to_owned()),
            Wish::Message(review) => Reply::Text(review.sign(unlocked.keys())),
            Wish::Policy(policy) => match unlocked.register(*policy, &mut self.board) {
                Ok(()) => Reply::True,
                Err(why) => Reply::error(ErrorCode::Internal, why.to_string()),
            },
            Wish::Transaction(review) => {
                self.pending = Some(Pending { id, wish: Wish::Signatures });
                self.stage = Stage::Signing { signing: Box::new(review.sign()), done: 0, of: 0 };
                return;
            }
            Wish::Unlock(_) | Wish::Signatures => return,
        };
        self.go_home();
        self.answer(&id, &reply);
    }

    /// Signs one input more.
    pub(super) fn sign_on(&mut self, mut signing: Box<Signing>) {
        let Lock::Open(unlocked) = &self.lock else { return self.go_home() };
        match signing.step(unlocked.keys()) {
            Ok(Step::Signed { done, of }) => self.stage = Stage::Signing { signing, done, of },
            Ok(Step::Done(psbt)) => {
                self.go_home();
                let Some(Pending { id, .. }) = self.pending.take() else { return };
                let (chunks, first) = Chunks::begin(id.clone(), "sign_psbt", psbt);
                self.chunks = (!chunks.done()).then_some(chunks);
                self.answer(&id, &first);
            }
            Err(why) => {
                self.go_home();
                let Some(Pending { id, .. }) = self.pending.take() else { return };
                self.answer(&id, &Reply::error(ErrorCode::Internal, why.to_string()));
            }
        }
    }
}

/// What an unlocked device does with a request.
fn turn(unlocked: &Unlocked, call: Call) -> Result<Turn, Reply> {
    match call {
        Call::Xpub { chain, path: numbers } => {
            for_chain(unlocked, chain)?;
            let path = path(&numbers).map_err(bad)?;
            Ok(Turn::Answer(Reply::Text(unlocked.keys().xpub(&path).to_string())))
        }
        Call::Address { chain, of } => {
            for_chain(unlocked, chain)?;
            let address = address(unlocked, chain, of)?;
            let screens = address.screens().to_vec();
            Ok(Turn::Ask(Wish::Address(address), screens))
        }
        Call::RegisterMultisig { chain, name, multisig } => {
            for_chain(unlocked, chain)?;
            register(unlocked, Policy::multisig(&name, &multisig, unlocked.keys()))
        }
        Call::RegisterDescriptor { chain, name, template, keys } => {
            for_chain(unlocked, chain)?;
            register(unlocked, Policy::parse(&name, &template, &keys, unlocked.keys()))
        }
        Call::Multisigs | Call::MultisigNamed(_) | Call::Descriptors | Call::DescriptorNamed(_) => {
            let reply = registered::reply(unlocked.policies(), &call);
            reply.map(Turn::Answer).ok_or_else(|| bad("it is not registered on the device"))
        }
        Call::SignMessage { path: numbers, message } => {
            let path = path(&numbers).map_err(bad)?;
            let review = MessageReview::parse(&message, &path, unlocked.keys()).map_err(bad)?;
            let screens = review.screens();
            Ok(Turn::Ask(Wish::Message(Box::new(review)), screens))
        }
        Call::SignPsbt { chain, psbt } => {
            for_chain(unlocked, chain)?;
            let (keys, policies) = (unlocked.keys(), unlocked.policies());
            let review =
                Review::parse(&psbt, chain, keys, policies, unlocked.settings()).map_err(bad)?;
            let screens = review.screens().to_vec();
            Ok(Turn::Ask(Wish::Transaction(Box::new(review)), screens))
        }
        _ => Err(Reply::error(ErrorCode::Internal, "the request was lost")),
    }
}

fn for_chain(unlocked: &Unlocked, chain: Chain) -> Result<(), Reply> {
    if unlocked.keys().network() == chain.network() {
        return Ok(());
    }
    Err(Reply::error(ErrorCode::NetworkMismatch, "the device is set to another network"))
}

fn address(unlocked: &Unlocked, chain: Chain, of: AddressOf) -> Result<ShownAddress, Reply> {
    let of_policy = |name: &str, branch, index| {
        let policy = unlocked.policies().find(name).ok_or_else(|| not_registered(name))?;
        policy.address(chain, branch, index).map_err(bad)
    };
    match of {
        AddressOf::Key { path: numbers, variant } => {
            let path = path(&numbers).map_err(|_| bad(AddressError::Path))?;
            ShownAddress::of_key(unlocked.keys(), chain, &path, variant).map_err(bad)
        }
        AddressOf::Descriptor { name, branch, index } => of_policy(&name, branch, index),
        AddressOf::Multisig { name, paths } => match &paths[..] {
            [first, others @ ..] if others.iter().all(|path| path == first) => match first[..] {
                [branch, index] => of_policy(&name, branch, index),
                _ => Err(bad("the path of every key must be a branch and an index")),
            },
            _ => Err(bad("the path must be the same for every key")),
        },
    }
}

fn register(unlocked: &Unlocked, policy: Result<Policy, PolicyError>) -> Result<Turn, Reply> {
    let policy = policy.map_err(bad)?;
    let mut screens = Vec::new();
    match unlocked.policies().novelty(&policy) {
        Novelty::Known => return Ok(Turn::Answer(Reply::True)),
        Novelty::New => {}
        Novelty::Overwrites => {
            let lines = vec![
                format!("{} is registered, and is another policy.", policy.name()),
                "It will be gone.".to_owned(),
            ];
            screens.push(Screen::new(ScreenKind::Warning, "In place of another", lines));
        }
    }
    screens.extend(policy.screens());
    Ok(Turn::Ask(Wish::Policy(Box::new(policy)), screens))
}

fn not_registered(name: &str) -> Reply {
    bad(format!("{name} is not registered on the device"))
}

#[expect(clippy::needless_pass_by_value, reason = "for errors as they come out of `map_err`")]
fn bad(why: impl ToString) -> Reply {
    Reply::error(ErrorCode::BadParameters, why.to_string())
}
