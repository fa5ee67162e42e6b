//! The bytes of a connection, decrypted where it is encrypted.

use std::io::{self, Read};

use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::watch_for;

/// A connection that is being read.
pub(super) struct Wire {
    socket: AsyncFd<socket2::Socket>,
    tls: Option<Box<ServerConnection>>,
}

impl Wire {
    pub(super) fn new(socket: socket2::Socket, tls: Option<Box<ServerConnection>>) -> io::Result<Wire> {
        let interest =
            if tls.is_some() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        Ok(Wire { socket: watch_for(socket, interest)?, tls })
    }

    /// What it was made of.
    pub(super) fn into_parts(self) -> (socket2::Socket, Option<Box<ServerConnection>>) {
        (self.socket.into_inner(), self.tls)
    }

    pub(super) fn socket(&self) -> &socket2::Socket {
        self.socket.get_ref()
    }

    /// Reads what is there, waiting for it; 0 at the end. Nothing is lost when the wait is given up.
    pub(super) async fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(tls) = &mut self.tls else { return self.read_plain(room).await };
            match tls.reader().read(room) {
                Ok(bytes) => return Ok(bytes),
                // Closed without a farewell, as many do.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_would_block) => self.exchange().await?,
            }
        }
    }

    /// Reads what is there, past any encryption.
    pub(super) async fn read_plain(&self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.socket.readable().await?;
            match ready.try_io(|socket| socket.get_ref().read(room)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(done) => return done,
                Err(_would_block) => {}
            }
        }
    }

    /// Agrees with the peer on the encryption.
    pub(super) async fn handshake(&mut self) -> io::Result<()> {
        while self.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            self.exchange().await?;
        }
        // The last of what we have to say.
        self.write()
    }

    /// The certificate that the peer showed.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.tls.as_ref()?.peer_certificates()?.first()
    }

    /// Says farewell, as far as there is room for it.
    pub(super) fn close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // Whoever is gone misses nothing.
            let _ = self.write();
        }
    }

    /// Sends what the encryption has to say, and reads more of it.
    async fn exchange(&mut self) -> io::Result<()> {
        self.write()?;
        let Some(tls) = &mut self.tls else { return Ok(()) };
        let mut ready = if tls.wants_write() {
            tokio::select! {
                ready = self.socket.readable() => ready?,
                writable = self.socket.writable() => {
                    writable?.retain_ready();
                    return Ok(());
                }
            }
        } else {
            self.socket.readable().await?
        };
        match ready.try_io(|socket| tls.read_tls(&mut socket.get_ref())) {
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Ok(Err(error)) => return Err(error),
            // The end shows in what is read next; in a handshake it is the end of it.
            Ok(Ok(0)) if tls.is_handshaking() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(Ok(_)) => {}
            Err(_would_block) => return Ok(()),
        }
        if let Err(error) = tls.process_new_packets() {
            // The peer is told why, if it listens.
            let _ = self.write();
            return Err(broken(error));
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.socket.get_ref()) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Whether the encryption is what failed.
pub(super) fn is_about_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<rustls::Error>())
}
