//! Owns the library's way of asking over TCP, which it has for serial ports only: an id that is the same
//! for every question, `null` for no parameters, and whatever parses first is the answer.

use async_hwi::jade::api::{Request, Response};
use async_hwi::jade::{JadeError, Transport, TransportError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// A connection to an emulator.
#[derive(Debug)]
pub(crate) struct Tcp(Mutex<TcpStream>);

impl Tcp {
    /// Connects.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) async fn connect(address: &str) -> std::io::Result<Self> {
        Ok(Self(Mutex::new(TcpStream::connect(address).await?)))
    }
}

impl Transport for Tcp {
    // Written as the library's `async_trait` writes it, without needing that crate.
    fn request<'life0, 'life1, 'wait, S, D>(
        &'life0 self,
        method: &'life1 str,
        params: Option<S>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<D>, JadeError>> + Send + 'wait>>
    where
        S: Serialize + Send + Unpin + 'wait,
        D: DeserializeOwned + Unpin + Send + 'wait,
        'life0: 'wait,
        'life1: 'wait,
    {
        Box::pin(async move { Ok(self.answer(method, params).await?) })
    }
}

impl Tcp {
    async fn answer<S: Serialize, D: DeserializeOwned>(
        &self,
        method: &str,
        params: Option<S>,
    ) -> Result<Response<D>, TransportError> {
        let mut stream = self.0.lock().await;
        let id = std::process::id().to_string();
        let request = serde_cbor::to_vec(&Request { id: &id, method, params })?;
        stream.write_all(&request).await?;
        let mut heard = Vec::new();
        let mut chunk = [0; 1024];
        loop {
            let read = stream.read(&mut chunk).await?;
            heard.extend_from_slice(&chunk[..read]);
            match serde_cbor::from_slice::<Response<D>>(&heard) {
                Ok(answer) if answer.id == id => return Ok(answer),
                Ok(_) => return Err(TransportError::NonceMismatch),
                Err(_) if read > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
