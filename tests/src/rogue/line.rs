//! Owns the two ends of a line: messages heard and said over either transport.
//!
//! Towards the wallet version 2 is spoken with the longest garbage, with decoys between the packets
//! and with types written out, all of which BIP324 allows. Refuses a wallet that dials in another
//! transport by closing.

use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billfold_wallet_core::light_client::dial::Wire;
use bip324::io::handshake;
use bip324::{InboundCipher, NUM_LENGTH_BYTES, OutboundCipher, PacketType, Role};
use bitcoin::Network;
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};

/// A message as its command and its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The command, without padding.
    pub command: String,
    /// What follows.
    pub payload: Vec<u8>,
}

impl Message {
    /// The message as the library reads it.
    ///
    /// # Errors
    /// That it can't be read.
    pub fn parse(&self) -> Result<NetworkMessage> {
        let message: RawNetworkMessage = deserialize(&self.frame())?;
        Ok(message.into_payload())
    }

    /// The frame of version 1 around it.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let checksum = sha256d::Hash::hash(&self.payload);
        let mut frame = Magic::REGTEST.to_bytes().to_vec();
        frame.extend(self.padded());
        frame.extend(length.to_le_bytes());
        frame.extend(&checksum.as_byte_array()[..4]);
        frame.extend(&self.payload);
        frame
    }

    fn padded(&self) -> [u8; 12] {
        let mut padded = [0; 12];
        padded[..self.command.len()].copy_from_slice(self.command.as_bytes());
        padded
    }
}

impl From<NetworkMessage> for Message {
    fn from(message: NetworkMessage) -> Self {
        let command = message.cmd().to_owned();
        let frame = serialize(&RawNetworkMessage::new(Magic::REGTEST, message));
        Self { command, payload: frame[FRAME_HEADER..].to_vec() }
    }
}

/// The end that is heard.
pub(super) enum Heard {
    Clear(Box<dyn Read + Send>),
    Sealed(Box<InboundCipher>, Box<dyn Read + Send>),
}

impl Heard {
    /// The next message.
    pub(super) fn next(&mut self) -> Result<Message> {
        match self {
            Self::Clear(reader) => read_frame(reader),
            Self::Sealed(cipher, reader) => loop {
                let mut length = [0; NUM_LENGTH_BYTES];
                reader.read_exact(&mut length)?;
                let mut packet = vec![0; cipher.decrypt_packet_len(length)];
                reader.read_exact(&mut packet)?;
                let (kind, plain) = cipher.decrypt_to_vec(&packet, None)?;
                if kind == PacketType::Genuine {
                    let message = bip324::serde::deserialize(&plain[1..]);
                    return Ok(message.context("no message")?.into());
                }
            },
        }
    }
}

/// The end that is spoken to.
pub(super) struct Said {
    stream: TcpStream,
    /// `None` for version 1.
    cipher: Option<OutboundCipher>,
    pace: Pace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Full,
    Drip,
    Silent,
}

impl Said {
    fn new(stream: TcpStream, cipher: Option<OutboundCipher>) -> Self {
        Self { stream, cipher, pace: Pace::Full }
    }

    /// Says a message.
    pub(super) fn say(&mut self, message: &Message) -> Result<()> {
        let bytes = self.write(message);
        self.send(&bytes)
    }

    /// Says a message that is changed on the way.
    pub(super) fn tamper(&mut self, message: &Message) -> Result<()> {
        let mut bytes = self.write(message);
        *bytes.last_mut().context("nothing to change")? ^= 1;
        self.send(&bytes)
    }

    fn write(&mut self, message: &Message) -> Vec<u8> {
        match &mut self.cipher {
            None => message.frame(),
            Some(cipher) => {
                let contents = [&[0][..], &message.padded(), &message.payload].concat();
                let mut bytes = cipher.encrypt_to_vec(b"nothing", PacketType::Decoy, None);
                bytes.extend(cipher.encrypt_to_vec(&contents, PacketType::Genuine, None));
                bytes
            }
        }
    }

    /// Sends bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.pace {
            Pace::Full => self.stream.write_all(bytes)?,
            Pace::Silent => {}
            Pace::Drip => {
                for byte in bytes {
                    self.stream.write_all(&[*byte])?;
                    thread::sleep(BETWEEN_DRIPS);
                }
            }
        }
        Ok(())
    }

    pub(super) fn fall_silent(&mut self) {
        self.pace = Pace::Silent;
    }

    pub(super) fn drip(&mut self) {
        self.pace = Pace::Drip;
    }

    /// Closes the connection.
    pub(super) fn end(&mut self) {
        // The other side may have closed it already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Answers a wallet that dialled, if it speaks this transport.
pub(super) fn answer(stream: TcpStream, wire: Wire) -> Result<(Heard, Said)> {
    stream.set_nodelay(true)?;
    let mut first = [0; 4];
    (&stream).read_exact(&mut first)?;
    let in_the_clear = first == Magic::REGTEST.to_bytes();
    ensure!(in_the_clear == (wire == Wire::V1), "it dialled in another transport");
    let mut writer = stream.try_clone()?;
    let reader: Box<dyn Read + Send> = Box::new(Cursor::new(first).chain(stream));
    if in_the_clear {
        return Ok((Heard::Clear(reader), Said::new(writer, None)));
    }
    let garbage = Some(vec![0x5a; MOST_GARBAGE]);
    let (inbound, outbound, reader) =
        handshake(Network::Regtest, Role::Responder, garbage, None, reader, &mut writer)?;
    let heard = Heard::Sealed(Box::new(inbound), Box::new(reader));
    Ok((heard, Said::new(writer, Some(outbound))))
}

/// The line to an honest node, which takes version 1.
pub(super) fn node_line(stream: TcpStream) -> Result<(Heard, Said)> {
    stream.set_nodelay(true)?;
    let writer = stream.try_clone()?;
    Ok((Heard::Clear(Box::new(stream)), Said::new(writer, None)))
}

fn read_frame(reader: &mut impl Read) -> Result<Message> {
    let mut header = [0; FRAME_HEADER];
    reader.read_exact(&mut header)?;
    ensure!(header[..4] == Magic::REGTEST.to_bytes(), "another magic");
    let command = header[4..16].split(|byte| *byte == 0).next().unwrap_or_default();
    let command = String::from_utf8(command.to_vec())?;
    let length = u32::from_le_bytes(header[16..20].try_into()?);
    let mut payload = vec![0; length.try_into()?];
    reader.read_exact(&mut payload)?;
    Ok(Message { command, payload })
}

/// Magic, command, length, checksum.
const FRAME_HEADER: usize = 24;

/// As much garbage as BIP324 allows.
const MOST_GARBAGE: usize = 4095;

const BETWEEN_DRIPS: Duration = Duration::from_millis(20);
