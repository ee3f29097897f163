//! Owns the answer to `get_version_info`: the fields that hosts read, and nothing that tells one
//! device from another.

use alloc::string::ToString;
use alloc::vec;

use super::{Lock, Session, Stage};
use crate::limits::CHUNK_BYTES;
use crate::network::Network;
use crate::protocol::reply::{Reply, Value};

impl Session {
    pub(super) fn version(&self) -> Reply {
        let text = |text: &str| Value::Text(text.to_string());
        let networks = match &self.lock {
            Lock::Open(unlocked) => match unlocked.keys().network() {
                Network::Main => "MAIN",
                Network::Test => "TEST",
            },
            _ => "ALL",
        };
        let has_pin = match &self.lock {
            Lock::Open(unlocked) => unlocked.is_kept(),
            Lock::Locked { .. } | Lock::Broken(_) => true,
            Lock::Empty => false,
        };
        Reply::Version(vec![
            ("JADE_VERSION", text(&self.options.version)),
            ("JADE_OTA_MAX_CHUNK", Value::Number(CHUNK_BYTES as u64)),
            ("JADE_CONFIG", text("NORADIO")),
            ("BOARD_TYPE", text("BILLFOLD")),
            ("JADE_FEATURES", text("NONE")),
            ("IDF_VERSION", text("NONE")),
            ("CHIP_FEATURES", text("00000000")),
            // Nothing tells one device from another.
            ("EFUSEMAC", text("000000000000")),
            ("BATTERY_STATUS", Value::Number(0)),
            ("JADE_STATE", text(self.state())),
            ("JADE_NETWORKS", text(networks)),
            ("JADE_HAS_PIN", Value::Flag(has_pin)),
        ])
    }

    /// 0 for nothing, 1 for the work of a host, 2 for a person in the device's own menus.
    pub(super) fn activity(&self) -> u64 {
        match &self.stage {
            _ if self.pending.is_some() => 1,
            Stage::Between | Stage::Home(_) => 0,
            Stage::Working(_) | Stage::Signing { .. } | Stage::Ask(_) => 1,
            _ => 2,
        }
    }

    fn state(&self) -> &'static str {
        match (&self.lock, &self.stage) {
            (Lock::Open(_), _) => "READY",
            (Lock::Locked { .. } | Lock::Broken(_), _) => "LOCKED",
            (Lock::Empty, Stage::Setup(setup)) if setup.has_words() => "UNSAVED",
            (Lock::Empty, _) => "UNINIT",
        }
    }
}
