//! Who asks.

use serde::{Deserialize, Serialize};

use super::answer::DeviceShape;
use super::value::device_text;
use crate::backend::{Caller, Device};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MeAnswer {
    account: String,
    device: DeviceShape,
    shows_reads: bool,
    admin: bool,
}

impl MeAnswer {
    pub(crate) fn new(
        caller: &Caller,
        devices: &[Device],
        (shows_reads, admin): (bool, bool),
    ) -> Self {
        let device = devices.iter().find(|d| d.id == caller.device).map(DeviceShape::from);
        Self {
            account: caller.label.to_string(),
            device: device.unwrap_or_else(|| DeviceShape {
                id: device_text(caller.device),
                name: String::new(),
                created_time: None,
                current: None,
            }),
            shows_reads,
            admin,
        }
    }
}
