//! Whether all that the screens show can be read in the terminals that people have, light and dark: the contrast
//! of each look in the pictures, as WCAG 2 computes it.
//!
//! What is dim is left out: how dim that is, each terminal decides, and only what matters less is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A terminal's colours as it is installed.
struct Palette {
    name: &'static str,
    background: u32,
    foreground: u32,
    /// Black, red, green, yellow, blue, magenta, cyan, white.
    colours: [u32; 8],
    /// What bold makes of them, where it does not leave them.
    bold: Option<[u32; 8]>,
}

#[test]
fn every_look_can_be_read_on_light_and_on_dark() {
    let looks = looks();
    assert!(looks.contains("Black on White") && looks.contains("Magenta bold"), "{looks:?}");
    for palette in &PALETTES {
        for look in looks.iter().filter(|look| !look.contains("dim")) {
            let contrast = palette.contrast(look);
            assert!(contrast >= LEAST, "{look} in {}: {contrast:.2}:1", palette.name);
        }
    }
}

/// The formula's own bounds, and a colour that was a warning once.
#[test]
fn contrast_is_as_wcag_has_it() {
    assert!((between(0, 0xff_ffff) - 21.0).abs() < 1e-9);
    assert!((between(0x77_7777, 0xff_ffff) - 4.48).abs() < 0.01);
    assert!(PALETTES[0].contrast("Yellow bold") < 1.2);
}

/// Every look of the pictures with colours.
fn looks() -> BTreeSet<String> {
    let pictures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pictures"));
    let mut looks = BTreeSet::new();
    for picture in fs::read_dir(pictures).expect("there are pictures") {
        let text = fs::read_to_string(picture.expect("it is listed").path()).expect("it is text");
        let mut counts = false;
        for line in text.lines() {
            counts = if line.starts_with("-- ") || line.starts_with("== ") {
                line == "-- looks"
            } else {
                counts
            };
            let runs = line.trim_start().split_once(": ").filter(|_| counts).map(|(_, runs)| runs);
            let of_run = |run: &str| run.split_once(' ').map(|(_, look)| look.to_owned());
            looks.extend(runs.into_iter().flat_map(|runs| runs.split(", ")).filter_map(of_run));
        }
    }
    looks
}

impl Palette {
    fn contrast(&self, look: &str) -> f64 {
        let colours = self.bold.filter(|_| look.contains("bold")).unwrap_or(self.colours);
        let found = |word: &str| NAMES.iter().position(|name| *name == word);
        let (mut front, mut back) = (self.foreground, self.background);
        let mut is_back = false;
        for word in look.split(' ') {
            match (found(word), is_back) {
                (Some(at), true) => back = self.colours[at],
                (Some(at), false) => front = colours[at],
                // Reverse swaps the two, which changes nothing between them.
                (None, _) => assert!(["on", "bold", "reversed"].contains(&word), "{word}"),
            }
            is_back = word == "on";
        }
        between(front, back)
    }
}

/// The contrast of two colours (WCAG 2.2, "contrast ratio"), from 1 to 21.
fn between(one: u32, other: u32) -> f64 {
    let [one, other] = [one, other].map(|colour| luminance(colour) + 0.05);
    (one / other).max(other / one)
}

fn luminance(colour: u32) -> f64 {
    let [_, parts @ ..] = colour.to_be_bytes();
    let linear = parts.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    linear.into_iter().zip([0.2126, 0.7152, 0.0722]).map(|(part, weight)| part * weight).sum()
}

/// What WCAG 2.2 asks of large text and of signs (1.4.3, 1.4.11).
const LEAST: f64 = 3.0;

const NAMES: [&str; 8] = ["Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White"];

const XTERM: [u32; 8] =
    [0, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5];
const XTERM_BOLD: [u32; 8] =
    [0x7f_7f7f, 0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff];
const SOLARIZED: [u32; 8] =
    [0x07_3642, 0xdc_322f, 0x85_9900, 0xb5_8900, 0x26_8bd2, 0xd3_3682, 0x2a_a198, 0xee_e8d5];
const GNOME: [u32; 8] =
    [0x17_1421, 0xc0_1c28, 0x26_a269, 0xa2_734c, 0x12_488b, 0xa3_47ba, 0x2a_a1b3, 0xd0_cfcc];

const PALETTES: [Palette; 8] = [
    Palette {
        name: "xterm, black on white",
        background: 0xff_ffff,
        foreground: 0,
        colours: XTERM,
        bold: Some(XTERM_BOLD),
    },
    Palette {
        name: "xterm, white on black",
        background: 0,
        foreground: 0xe5_e5e5,
        colours: XTERM,
        bold: Some(XTERM_BOLD),
    },
    Palette {
        name: "the Linux console",
        background: 0,
        foreground: 0xaa_aaaa,
        colours: [0, 0xaa_0000, 0x00_aa00, 0xaa_5500, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xaa_aaaa],
        bold: Some([
            0x55_5555, 0xff_5555, 0x55_ff55, 0xff_ff55, 0x55_55ff, 0xff_55ff, 0x55_ffff, 0xff_ffff,
        ]),
    },
    Palette {
        name: "Solarized light",
        background: 0xfd_f6e3,
        foreground: 0x65_7b83,
        colours: SOLARIZED,
        bold: None,
    },
    Palette {
        name: "Solarized dark",
        background: 0x00_2b36,
        foreground: 0x83_9496,
        colours: SOLARIZED,
        bold: None,
    },
    Palette {
        name: "GNOME light",
        background: 0xff_ffff,
        foreground: 0x1e_1e1e,
        colours: GNOME,
        bold: None,
    },
    Palette {
        name: "GNOME dark",
        background: 0x17_1421,
        foreground: 0xd0_cfcc,
        colours: GNOME,
        bold: None,
    },
    Palette {
        name: "macOS Terminal, Basic",
        background: 0xff_ffff,
        foreground: 0,
        colours: [0, 0x99_0000, 0x00_a600, 0x99_9900, 0x00_00b2, 0xb2_00b2, 0x00_a6b2, 0xbf_bfbf],
        bold: Some([
            0x66_6666, 0xe5_0000, 0x00_d900, 0xe5_e500, 0x00_00ff, 0xe5_00e5, 0x00_e5e5, 0xe5_e5e5,
        ]),
    },
];
