//! Owns one question and its answer: ids, waits, taking a question back.
//!
//! Refuses answers to other questions: what comes late, or was meant for somebody else, is dropped.

use std::time::Duration;

use crate::frame::Inbound;
use crate::limits::{AT_ONCE, HELLO, LOOK_UP, PERSON, REQUEST_BYTES, TAKEN_BACK};
use crate::link::Link;
use crate::place::Place;
use crate::problem::DeviceError;
use crate::value::{Refusal, Reply, Value, request};
use crate::watch::{Progress, Watch};

/// A conversation with a device.
pub(crate) struct Rpc {
    link: Box<dyn Link>,
    place: Place,
    inbound: Inbound,
    /// Drawn anew for each conversation, so that an answer to one that was broken off is not taken
    /// for ours.
    session: u32,
    asked: u32,
}

/// One question.
pub(crate) struct Question<'a> {
    pub(crate) method: &'static str,
    pub(crate) params: Option<Value<'a>>,
    /// Who answers it.
    pub(crate) by: By,
}

/// Who answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The device, as soon as it hears it.
    Greeting,
    /// The device, once it has worked it out.
    Device,
    /// The person at the device.
    Person,
}

impl By {
    const fn time(self) -> Duration {
        match self {
            Self::Greeting => HELLO,
            Self::Device => AT_ONCE,
            Self::Person => PERSON,
        }
    }
}

/// The answer.
pub(crate) struct Answer {
    /// The id of the question.
    pub(crate) id: String,
    /// The result, as CBOR.
    pub(crate) result: Vec<u8>,
    /// Which part of how many.
    pub(crate) part: Option<(u32, u32)>,
}

impl Rpc {
    pub(crate) fn new(link: Box<dyn Link>, place: Place, session: u32) -> Self {
        Self { link, place, inbound: Inbound::default(), session, asked: 0 }
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether anything came that was no answer.
    pub(crate) fn has_heard(&self) -> bool {
        self.inbound.has_heard()
    }

    /// Forgets what has come and is not read yet.
    pub(crate) fn forget(&mut self) {
        self.inbound.forget();
    }

    /// Asks, and waits for the answer. Who watches is told that a person must answer when the
    /// device takes longer than the first look.
    pub(crate) fn ask(
        &mut self,
        question: &Question<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Answer, DeviceError> {
        let id = self.send(question.method, question.params.as_ref())?;
        let end = self.link.age() + question.by.time();
        let mut told = false;
        loop {
            if let Some(reply) = self.reply_to(&id)? {
                let method = question.method;
                let result = reply.outcome.map_err(|refusal| refused(method, refusal))?;
                return Ok(Answer { id, result, part: reply.part });
            }
            if watch.is_over() {
                self.take_back(&id)?;
                return Err(DeviceError::Stopped);
            }
            if self.link.age() >= end {
                if question.by == By::Person {
                    self.take_back(&id)?;
                }
                return Err(DeviceError::TimedOut);
            }
            if self.receive()? == 0 && !told {
                told = true;
                watch.progress(Progress::Waiting);
            }
        }
    }

    fn send(&mut self, method: &str, params: Option<&Value<'_>>) -> Result<String, DeviceError> {
        self.asked += 1;
        let id = format!("{:08x}-{}", self.session, self.asked);
        let bytes = request(&id, method, params);
        if bytes.len() > REQUEST_BYTES {
            return Err(DeviceError::TooLarge { bytes: bytes.len(), most: REQUEST_BYTES });
        }
        self.link.send(&bytes).map_err(|_| DeviceError::Gone(self.place.clone()))?;
        Ok(id)
    }

    fn receive(&mut self) -> Result<usize, DeviceError> {
        let mut buffer = [0; 4096];
        let read = self.link.receive(&mut buffer, LOOK_UP);
        let read = read.map_err(|_| DeviceError::Gone(self.place.clone()))?;
        self.inbound.push(&buffer[..read]);
        Ok(read)
    }

    /// The answer to this question among what has come.
    fn reply_to(&mut self, id: &str) -> Result<Option<Reply>, DeviceError> {
        while let Some(message) = self.inbound.next()? {
            let reply = Reply::read(&message)?;
            if reply.id.as_deref() == Some(id) {
                self.inbound.answered();
                return Ok(Some(reply));
            }
            self.inbound.drop_stray(message.len())?;
        }
        Ok(None)
    }

    /// Asks the device to forget the question, and waits a little for it to say so.
    fn take_back(&mut self, id: &str) -> Result<(), DeviceError> {
        self.send("cancel", None)?;
        let end = self.link.age() + TAKEN_BACK;
        while self.reply_to(id)?.is_none() && self.link.age() < end {
            self.receive()?;
        }
        Ok(())
    }
}

fn refused(method: &'static str, refusal: Refusal) -> DeviceError {
    let Refusal { code, reason } = refusal;
    match code {
        USER_CANCELLED => DeviceError::Cancelled,
        LOCKED => DeviceError::Locked,
        UNKNOWN_METHOD => DeviceError::Unsupported(method),
        _ => DeviceError::Refused { code, reason },
    }
}

/// Codes of the protocol (Jade, `main/utils/cbor_rpc.h`).
const UNKNOWN_METHOD: i64 = -32601;
const USER_CANCELLED: i64 = -32000;
const LOCKED: i64 = -32002;
/// The keys are for another kind of network.
pub(crate) const NETWORK_MISMATCH: i64 = -32003;
