//! Owns which serial ports may have a signer behind them, and which signers of other makers are plugged
//! in, by what the kernel tells in sysfs.
//!
//! Refuses libudev: the few files that matter are read directly.

use std::fs;
use std::path::{Path, PathBuf};

use crate::limits::{PORTS, USB_DEVICES};
use crate::vendor::Vendor;

/// A serial port on USB.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// Its device file.
    pub path: PathBuf,
    /// Vendor and product number of the USB device.
    pub ids: (u16, u16),
    /// What the device calls itself, cleaned.
    pub product: String,
}

impl Port {
    /// Whether the device calls itself as billfold's signer does.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.product == PRODUCT
    }

    /// Whether a signer may be behind it: ours by name, a Jade by its number, either behind one of
    /// the bridges that such boards have.
    #[must_use]
    pub fn may_be_a_signer(&self) -> bool {
        self.is_ours() || KNOWN_IDS.contains(&self.ids)
    }
}

/// The serial ports on USB, in the order of their names.
#[must_use]
pub fn ports() -> Vec<Port> {
    ports_of(Path::new("/sys/class/tty"), Path::new("/dev"))
}

/// The makers of whom something is plugged in.
#[must_use]
pub fn vendors() -> Vec<Vendor> {
    vendors_of(Path::new("/sys/bus/usb/devices"))
}

fn vendors_of(devices: &Path) -> Vec<Vendor> {
    let Ok(entries) = fs::read_dir(devices) else { return Vec::new() };
    let ids: Vec<_> =
        entries.take(USB_DEVICES).filter_map(|entry| ids(&entry.ok()?.path())).collect();
    Vendor::ALL.into_iter().filter(|vendor| ids.iter().any(|ids| vendor.has(*ids))).collect()
}

/// The numbers of vendor and product of a USB device.
fn ids(device: &Path) -> Option<(u16, u16)> {
    let number = |file| u16::from_str_radix(&read(device, file)?, 16).ok();
    Some((number("idVendor")?, number("idProduct")?))
}

fn ports_of(class: &Path, devices: &Path) -> Vec<Port> {
    let Ok(entries) = fs::read_dir(class) else { return Vec::new() };
    let mut found: Vec<Port> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let usb = usb_device(&class.join(&name).join("device"))?;
            let product = read(&usb, "product").unwrap_or_default();
            Some(Port { path: devices.join(name), ids: ids(&usb)?, product })
        })
        .take(PORTS)
        .collect();
    found.sort();
    found
}

/// The USB device that a port belongs to: the nearest directory above its interface that has a
/// vendor number.
fn usb_device(interface: &Path) -> Option<PathBuf> {
    let interface = fs::canonicalize(interface).ok()?;
    let above = interface.ancestors().take(LEVELS);
    above.filter(|dir| dir.join("idVendor").exists()).map(Path::to_owned).next()
}

fn read(dir: &Path, file: &str) -> Option<String> {
    let text = fs::read_to_string(dir.join(file)).ok()?;
    Some(crate::problem::cleaned(&text))
}

/// What billfold's signer calls itself on USB.
pub const PRODUCT: &str = "billfold signer";

/// Bridges that every host of the protocol knows (`CP210x`, CH9102, FT232, CH340), and the numbers
/// of newer Jades.
pub const KNOWN_IDS: [(u16, u16); 6] = [
    (0x10c4, 0xea60),
    (0x1a86, 0x55d4),
    (0x0403, 0x6001),
    (0x1a86, 0x7523),
    (0x303a, 0x4001),
    (0x303a, 0x1001),
];

/// How far above a port its USB device is: the interface, and the port itself for bridges.
const LEVELS: usize = 4;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree as the kernel shows it.
    fn system(root: &Path, name: &str, deep: &str, ids: (&str, &str), product: Option<&str>) {
        let usb = root.join("devices/usb1").join(name);
        let port = usb.join(deep);
        fs::create_dir_all(&port).expect("a directory");
        fs::write(usb.join("idVendor"), format!("{}\n", ids.0)).expect("a file");
        fs::write(usb.join("idProduct"), format!("{}\n", ids.1)).expect("a file");
        if let Some(product) = product {
            fs::write(usb.join("product"), format!("{product}\n")).expect("a file");
        }
        let tty = root.join("class").join(format!("tty{name}"));
        fs::create_dir_all(&tty).expect("a directory");
        symlink(port, tty.join("device")).expect("a link");
    }

    #[test]
    fn signers_are_known_by_name_or_number() {
        let root = tempfile::tempdir().expect("a directory");
        system(root.path(), "ACM0", "1-1:1.0", ("1209", "0001"), Some(PRODUCT));
        system(root.path(), "ACM1", "1-2:1.0", ("2341", "0043"), Some("Arduino\u{1b}[2J"));
        system(root.path(), "USB0", "1-3:1.0/ttyUSB0", ("0403", "6001"), None);
        fs::create_dir_all(root.path().join("class/ttyS0")).expect("a port without USB");
        let ports = ports_of(&root.path().join("class"), Path::new("/dev"));
        let told: Vec<_> = ports
            .iter()
            .map(|port| (port.path.to_str().expect("text"), port.is_ours(), port.may_be_a_signer()))
            .collect();
        let expected = [
            ("/dev/ttyACM0", true, true),
            ("/dev/ttyACM1", false, false),
            ("/dev/ttyUSB0", false, true),
        ];
        assert_eq!(told, expected);
        assert_eq!(ports[1].product, "Arduino [2J");
    }

    #[test]
    fn signers_of_other_makers_are_known_by_number() {
        let root = tempfile::tempdir().expect("a directory");
        assert_eq!(vendors_of(root.path()), []);
        system(root.path(), "1-1", "1-1:1.0", ("2c97", "5011"), None);
        system(root.path(), "1-2", "1-2:1.0", ("f055", "9802"), None);
        system(root.path(), "1-3", "1-3:1.0", ("d13e", "0001"), None);
        let found = vendors_of(&root.path().join("devices/usb1"));
        assert_eq!(found, [Vendor::Ledger, Vendor::Specter]);
    }

    /// Without access, or with a modem program that talks to it, no signer can be used.
    #[test]
    fn the_udev_rules_name_every_signer_that_is_looked_for() {
        let rules = include_str!("../udev/70-billfold-signer.rules");
        let rules: Vec<&str> = rules.lines().filter(|line| line.contains("==")).collect();
        let has = |part: &str| rules.iter().any(|rule| rule.contains(part));
        for (vendor, product) in KNOWN_IDS {
            let ids = format!(
                "ATTRS{{idVendor}}==\"{vendor:04x}\", ATTRS{{idProduct}}==\"{product:04x}\""
            );
            assert!(has(&ids), "{ids}");
        }
        assert!(has(&format!("ATTRS{{product}}==\"{PRODUCT}\"")));
        for vendor in ["2c97", "d13e", "03eb", "f055"] {
            assert!(has(&format!("ATTRS{{idVendor}}==\"{vendor}\"")), "{vendor}");
        }
        for rule in rules {
            assert!(rule.contains("TAG+=\"uaccess\""), "{rule}");
            assert!(rule.contains("hidraw") || rule.contains("ID_MM_DEVICE_IGNORE"), "{rule}");
        }
    }
}
