//! Owns how a peer of the synthetic chain is heard and speaks: in the clear, or sealed as version 2
//! of the transport has it (BIP324).
//!
//! Messages are given as they are framed for version 1, which is what the chain has ready; to seal
//! one is work for each connection anew.

use std::io::{self, BufReader, Chain, Cursor, Read, Write as _};
use std::net::TcpStream;

use bip324::io::{ProtocolSessionReader, handshake};
use bip324::{InboundCipher, NUM_LENGTH_BYTES, OutboundCipher, PacketType, Role};
use bitcoin::Network;
use bitcoin::consensus::Decodable;
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};

use super::link::{Link, Paced};

/// What comes from the client.
pub(super) enum Ear {
    Clear(Stream),
    Sealed(Box<InboundCipher>, ProtocolSessionReader<Stream>),
}

/// Begins with what was read to see what is spoken.
type Stream = BufReader<Chain<Cursor<[u8; 4]>, TcpStream>>;

/// What goes to the client.
pub(super) struct Voice {
    pub(super) line: Paced,
    /// `None` for version 1.
    cipher: Option<OutboundCipher>,
    sealed: Vec<u8>,
}

/// Answers a client that dialled. Version 2 is spoken if it `seals` and the client begins with it.
///
/// # Errors
/// When the other side is gone or speaks another transport.
pub(super) fn answer(stream: TcpStream, link: Link, seals: bool) -> io::Result<(Ear, Voice)> {
    stream.set_nodelay(true)?;
    let mut first = [0; 4];
    (&stream).read_exact(&mut first)?;
    let mut writer = stream.try_clone()?;
    let reader = BufReader::new(Cursor::new(first).chain(stream));
    let voice =
        |writer, cipher| Voice { line: Paced::new(writer, link), cipher, sealed: Vec::new() };
    if first == Magic::REGTEST.to_bytes() {
        return Ok((Ear::Clear(reader), voice(writer, None)));
    }
    if !seals {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (inbound, outbound, reader) =
        handshake(Network::Regtest, Role::Responder, None, None, reader, &mut writer)
            .map_err(io::Error::other)?;
    writer.flush()?;
    Ok((Ear::Sealed(Box::new(inbound), reader), voice(writer, Some(outbound))))
}

impl Ear {
    /// The next message; `None` at the end.
    pub(super) fn hear(&mut self) -> Option<NetworkMessage> {
        match self {
            Self::Clear(reader) => {
                let message = RawNetworkMessage::consensus_decode(reader).ok()?;
                Some(message.into_payload())
            }
            Self::Sealed(cipher, reader) => loop {
                let mut length = [0; NUM_LENGTH_BYTES];
                reader.read_exact(&mut length).ok()?;
                let mut packet = vec![0; cipher.decrypt_packet_len(length)];
                reader.read_exact(&mut packet).ok()?;
                let (kind, plain) = cipher.decrypt_to_vec(&packet, None).ok()?;
                if kind == PacketType::Genuine {
                    return bip324::serde::deserialize(&plain[1..]).ok();
                }
            },
        }
    }
}

impl Voice {
    /// Says messages, one frame behind the other.
    ///
    /// # Errors
    /// When the other side is gone.
    pub(super) fn say(&mut self, frames: &[u8]) -> io::Result<()> {
        let Some(cipher) = &mut self.cipher else { return self.line.write(frames) };
        let mut rest = frames;
        while !rest.is_empty() {
            let (header, after) = rest.split_at(FRAME_HEADER);
            let length = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
            let (payload, after) = after.split_at(length as usize);
            rest = after;
            let contents = match &header[4..16] {
                CFILTER => [&[CFILTER_ID], payload].concat(),
                name => [&[0], name, payload].concat(),
            };
            self.sealed.extend(cipher.encrypt_to_vec(&contents, PacketType::Genuine, None));
            if self.sealed.len() >= WRITE_BYTES || rest.is_empty() {
                self.line.write(&self.sealed)?;
                self.sealed.clear();
            }
        }
        Ok(())
    }
}

/// Magic, command, length, checksum.
const FRAME_HEADER: usize = 24;

const CFILTER: &[u8] = b"cfilter\0\0\0\0\0";

/// The type of such a message in one byte (BIP324).
const CFILTER_ID: u8 = 23;

/// Packets are written when so many bytes have come together.
const WRITE_BYTES: usize = 128 * 1024;
