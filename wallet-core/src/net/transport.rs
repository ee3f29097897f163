//! Owns what is between the socket and the light client: nothing for version 1, encrypted packets
//! for version 2 (BIP324).
//!
//! Refuses a packet that is too long before it is read, and to fall back: a peer that does not
//! speak version 2 gets a fresh connection if the light client wants one.

mod packets;
mod handshake;

use std::io;

use bitcoin::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::light_client::dial::DialProblem;
use crate::limits::{READ_BYTES, V2_HANDSHAKE_TIME, WRITE_TIME};

use handshake::Problem;
use packets::{Opener, Sealer};

/// Begins to speak over a new connection: version 2 with peers of a network, or version 1.
///
/// # Errors
/// [`DialProblem::NoV2`], [`DialProblem::BrokenV2`] or [`DialProblem::TimedOut`]; none for version
/// 1, which has no beginning of its own.
pub async fn begin(
    mut stream: TcpStream,
    version_2: Option<Network>,
) -> Result<(Incoming, Outgoing), DialProblem> {
    let ciphers = match version_2 {
        None => None,
        Some(network) => {
            let mut heard = false;
            let shaken = handshake::initiate(&mut stream, network, &mut heard);
            Some(match timeout(V2_HANDSHAKE_TIME, shaken).await {
                Ok(shaken) => shaken.map_err(|problem| match problem {
                    Problem::NotSpoken => DialProblem::NoV2,
                    Problem::Broken => DialProblem::BrokenV2,
                })?,
                Err(_) if heard => return Err(DialProblem::TimedOut),
                // It may be waiting for the rest of what it takes for a message of version 1.
                Err(_) => return Err(DialProblem::NoV2),
            })
        }
    };
    let (reader, writer) = stream.into_split();
    let (opener, sealer) = ciphers.unzip();
    Ok((Incoming { reader, opener, buffer: Vec::new() }, Outgoing { writer, sealer }))
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the stream, or the contents of one packet.
    Whole(Vec<u8>),
    /// Part of a packet.
    Part,
    /// Nothing more will come.
    End,
}

/// The side that is read.
pub struct Incoming {
    reader: OwnedReadHalf,
    /// `None` for version 1.
    opener: Option<Opener>,
    /// What a read of version 1 brought.
    buffer: Vec<u8>,
}

impl Incoming {
    /// The next piece; it waits for one read of the socket at the most.
    ///
    /// # Errors
    /// The socket's, and `InvalidData` for a packet that is too long or does not authenticate.
    pub async fn next(&mut self) -> io::Result<Piece> {
        let Some(opener) = &mut self.opener else {
            self.buffer.resize(READ_BYTES, 0);
            let count = self.reader.read(&mut self.buffer).await?;
            // A copy, so that what waits takes no more memory than it has bytes.
            let bytes = &self.buffer[..count];
            return Ok(if count == 0 { Piece::End } else { Piece::Whole(bytes.to_vec()) });
        };
        if let Some(contents) = opener.open_next()? {
            return Ok(Piece::Whole(contents));
        }
        if self.reader.read_buf(opener.room()).await? == 0 {
            return Ok(Piece::End);
        }
        Ok(opener.open_next()?.map_or(Piece::Part, Piece::Whole))
    }

    /// Reads what nobody wants any more until the peer closes too.
    ///
    /// # Errors
    /// The socket's.
    pub async fn drain(mut self) -> io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        while self.reader.read(&mut buffer).await? > 0 {}
        Ok(())
    }
}

/// The side that is written.
pub struct Outgoing {
    writer: OwnedWriteHalf,
    /// `None` for version 1.
    sealer: Option<Sealer>,
}

impl Outgoing {
    /// Writes bytes of the stream, or the contents of one packet.
    ///
    /// # Errors
    /// The socket's, and `TimedOut` if the peer takes too long to take them.
    pub async fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let bytes = match &mut self.sealer {
            None => bytes,
            Some(sealer) => sealer.seal(&bytes),
        };
        timeout(WRITE_TIME, self.writer.write_all(&bytes)).await?
    }

    /// Says to the peer that nothing more comes.
    ///
    /// # Errors
    /// The socket's.
    pub async fn close(mut self) -> io::Result<()> {
        self.writer.shutdown().await
    }
}

#[cfg(test)]
mod tests;
