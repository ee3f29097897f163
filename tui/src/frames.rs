//! Owns `Frames`, a PSBT as texts that are shown as codes one after the other: `BBQr` (Coinkite's
//! "Better Bitcoin QR") and UR (Blockchain Commons BCR-2020-005 and BCR-2020-006, type `crypto-psbt`).
//!
//! Refuses to compress, and mixes no parts: a camera that missed a frame waits for the next round.

use std::fmt::Write as _;

/// How a PSBT is cut into codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// What Coldcard and Sparrow read.
    #[default]
    Bbqr,
    /// What most other signers read.
    Ur,
}

impl Form {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bbqr => "BBQr",
            Self::Ur => "UR",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Bbqr => Self::Ur,
            Self::Ur => Self::Bbqr,
        }
    }

    /// The frames of a PSBT, each of about so many letters and digits, all in capitals, which makes
    /// smaller codes.
    #[must_use]
    pub fn frames(self, psbt: &[u8], letters: usize) -> Vec<String> {
        match self {
            Self::Bbqr => bbqr(psbt, letters),
            Self::Ur => {
                ur("crypto-psbt", &byte_string(psbt), (letters / 2).saturating_sub(UR_HEAD))
            }
        }
    }
}

/// Parts in base32, of five bytes to eight letters, so that each ends where a byte does.
fn bbqr(psbt: &[u8], letters: usize) -> Vec<String> {
    let room = (letters.saturating_sub(BBQR_HEAD) / 8).max(1) * 5;
    let room = room.max(psbt.len().div_ceil(MOST_PARTS).next_multiple_of(5));
    let parts: Vec<_> = psbt.chunks(room).collect();
    let count = parts.len();
    let part = |(index, part): (usize, &&[u8])| {
        format!("B$2P{}{}{}", base36(count), base36(index), base32(part))
    };
    parts.iter().enumerate().map(part).collect()
}

/// Two digits.
fn base36(number: usize) -> String {
    let digit = |digit: usize| char::from(BASE36[digit % 36]);
    [digit(number / 36), digit(number)].iter().collect()
}

/// RFC 4648, without padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(bits: u32) -> char {
    let at = (bits & 31).to_le_bytes()[0];
    char::from(BASE32[usize::from(at)])
}

/// One part, or as many as it takes with at most so many bytes of the message in each. The first parts
/// of a fountain are the message's own pieces.
fn ur(kind: &str, message: &[u8], room: usize) -> Vec<String> {
    let count = message.len().div_ceil(room.max(1)).max(1);
    if count == 1 {
        return vec![format!("ur:{kind}/{}", byte_words(message)).to_uppercase()];
    }
    let length = message.len().div_ceil(count);
    let checksum = crc32(message);
    let part = |(index, piece): (usize, &[u8])| {
        let mut piece = piece.to_vec();
        piece.resize(length, 0);
        let number = index + 1;
        let mut body = vec![0x85];
        for value in [number, count, message.len()] {
            head(0, value, &mut body);
        }
        head(0, checksum as usize, &mut body);
        body.extend(byte_string(&piece));
        format!("ur:{kind}/{number}-{count}/{}", byte_words(&body)).to_uppercase()
    };
    message.chunks(length).enumerate().map(part).collect()
}

/// Bytes in CBOR (RFC 8949).
fn byte_string(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 5);
    head(2, bytes.len(), &mut text);
    text.extend(bytes);
    text
}

/// The head of an item: its major type, and a number in the fewest bytes.
fn head(major: u8, number: usize, out: &mut Vec<u8>) {
    let major = major << 5;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    match (u8::try_from(number), u16::try_from(number)) {
        (Ok(number @ 0..=23), _) => out.push(major | number),
        (Ok(number), _) => out.extend([major | ONE_BYTE, number]),
        (_, Ok(number)) => {
            out.push(major | TWO_BYTES);
            out.extend(number.to_be_bytes());
        }
        _ => {
            out.push(major | FOUR_BYTES);
            out.extend(number.to_be_bytes());
        }
    }
}

/// The first and the last letter of the word of each byte, and of the checksum's (BCR-2020-012).
fn byte_words(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().copied().chain(crc32(bytes).to_be_bytes()) {
        let at = usize::from(byte) * 4;
        let word = WORDS.get(at..at + 4).unwrap_or_default();
        let (first, last) = (word.get(..1), word.get(3..));
        // A string takes all that is written.
        let _ = write!(text, "{}{}", first.unwrap_or_default(), last.unwrap_or_default());
    }
    text
}

/// CRC-32 as in Ethernet (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// What follows the head of a number in CBOR.
const ONE_BYTE: u8 = 0x18;
const TWO_BYTES: u8 = 0x19;
const FOUR_BYTES: u8 = 0x1a;

/// Letters before the data of a `BBQr` part.
const BBQR_HEAD: usize = 8;

/// Parts that two digits count.
const MOST_PARTS: usize = 36 * 36 - 1;

/// Bytes that a UR part has beside the message's, at about two letters each.
const UR_HEAD: usize = 32;

const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The 256 words of BCR-2020-012, one after the other.
const WORDS: &str = "\
    ableacidalsoapexaquaarchatomauntawayaxisbackbaldbarnbeltbetabiasbluebodybragbrewbulbbuzzcalmcash\
    catschefcityclawcodecolacookcostcruxcurlcuspcyandarkdatadaysdelidicedietdoordowndrawdropdrumdull\
    dutyeacheasyechoedgeepicevenexamexiteyesfactfairfernfigsfilmfishfizzflapflewfluxfoxyfreefrogfuel\
    fundgalagamegeargemsgiftgirlglowgoodgraygrimgurugushgyrohalfhanghardhawkheathelphighhillholyhope\
    hornhutsicedideaidleinchinkyintoirisironitemjadejazzjoinjoltjowljudojugsjumpjunkjurykeepkenokept\
    keyskickkilnkingkitekiwiknoblamblavalazyleaflegsliarlimplionlistlogoloudloveluaulucklungmainmany\
    mathmazememomenumeowmildmintmissmonknailnavyneednewsnextnoonnotenumbobeyoboeomitonyxopenovalowls\
    paidpartpeckplaypluspoempoolposepuffpumapurrquadquizraceramprealredorichroadrockroofrubyruinruns\
    rustsafesagascarsetssilkskewslotsoapsolosongstubsurfswantacotasktaxitenttiedtimetinytoiltombtoys\
    triptunatwinuglyundouniturgeuservastveryvetovialvibeviewvisavoidvowswallwandwarmwaspwavewaxywebs\
    whatwhenwhizwolfworkyankyawnyellyogayurtzapszerozestzinczonezoom";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr;

    /// The bytes of words, without their checksum, which must be right.
    fn bytes(words: &str) -> Vec<u8> {
        let pairs: Vec<_> = (0..256)
            .map(|at| format!("{}{}", &WORDS[at * 4..=at * 4], &WORDS[at * 4 + 3..at * 4 + 4]))
            .collect();
        let byte = |pair: &[u8]| {
            let at = pairs.iter().position(|known| known.as_bytes() == pair).expect("a word");
            u8::try_from(at).expect("256 words")
        };
        let mut bytes: Vec<u8> = words.as_bytes().chunks(2).map(byte).collect();
        let sum = bytes.split_off(bytes.len() - 4);
        assert_eq!(crc32(&bytes).to_be_bytes(), sum[..]);
        bytes
    }

    /// The test vectors of Blockchain Commons' `bc-ur`: a message of 50 bytes in one part, and one of
    /// 256 bytes in nine.
    #[test]
    fn parts_are_those_of_the_published_vectors() {
        let single = "hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfnsboxgwlbaawzuefywkdplrsrjynb\
                      vygabwjldapfcsdwkbrkch";
        let expected = format!("ur:bytes/{single}").to_uppercase();
        assert_eq!(ur("bytes", &bytes(single), 100), [expected]);

        let parts = [
            "1-9/lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslpgh",
            "2-9/lpaoascfadaxcywenbpljkhdcagwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsgmghhkhstlrdcxaefz",
            "3-9/lpaxascfadaxcywenbpljkhdcahelbknlkuejnbadmssfhfrdpsbiegecpasvssovlgeykssjykklronvsjksopdzmol",
            "4-9/lpaaascfadaxcywenbpljkhdcasotkhemthydawydtaxneurlkosgwcekonertkbrlwmplssjtammdplolsbrdzcrtas",
            "5-9/lpahascfadaxcywenbpljkhdcatbbdfmssrkzmcwnezelennjpfzbgmuktrhtejscktelgfpdlrkfyfwdajldejokbwf",
            "6-9/lpamascfadaxcywenbpljkhdcackjlhkhybssklbwefectpfnbbectrljectpavyrolkzczcpkmwidmwoxkilghdsowp",
            "7-9/lpatascfadaxcywenbpljkhdcavszmwnjkwtclrtvaynhpahrtoxmwvwatmedibkaegdosftvandiodagdhthtrlnnhy",
            "8-9/lpayascfadaxcywenbpljkhdcadmsponkkbbhgsoltjntegepmttmoonftnbuoiyrehfrtsabzsttorodklubbuyaetk",
            "9-9/lpasascfadaxcywenbpljkhdcajskecpmdckihdyhphfotjojtfmlnwmadspaxrkytbztpbauotbgtgtaeaevtgavtny",
        ];
        // Each part: an array of five; the last is a piece of 29 bytes.
        let piece = |part: &&str| bytes(&part[4..]).split_off(13);
        let mut message: Vec<u8> = parts.iter().flat_map(piece).collect();
        message.truncate(259);
        let expected = parts.map(|part| format!("ur:bytes/{part}").to_uppercase());
        assert_eq!(ur("bytes", &message, 30), expected);
    }

    #[test]
    fn what_was_cut_is_whole_again_in_both_forms_and_fits_the_letters() {
        let psbt: Vec<u8> = (0..1_000_u32).map(|at| at.wrapping_mul(7).to_le_bytes()[0]).collect();
        for letters in [100, 154, 300, 700] {
            let frames = Form::Bbqr.frames(&psbt, letters);
            assert!(frames.iter().all(|frame| frame.len() <= letters), "{letters}");
            let mut whole = Vec::new();
            for (index, frame) in frames.iter().enumerate() {
                let head = format!("B$2P{}{}", base36(frames.len()), base36(index));
                let data = frame.strip_prefix(&head).expect("its head");
                whole.extend(from_base32(data));
            }
            assert_eq!(whole, psbt);
            let frames = Form::Ur.frames(&psbt, letters);
            assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() <= letters));
        }
        for form in [Form::Bbqr, Form::Ur] {
            let codes = form.frames(&psbt, 154).into_iter().map(|frame| qr::lines(&frame, true));
            let rows = codes.map(|code| code.map_or(usize::MAX, |lines| lines.len()));
            assert!(rows.max() <= Some(23), "a code of version 5 fits a screen of 24 rows");
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI", "a vector of RFC 4648");
    }

    fn from_base32(text: &str) -> Vec<u8> {
        let bits = text.bytes().flat_map(|letter| {
            let at = BASE32.iter().position(|known| *known == letter).expect("a letter");
            (0..5).rev().map(move |bit| at >> bit & 1 == 1)
        });
        let bits: Vec<bool> = bits.collect();
        let byte = |bits: &[bool]| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks_exact(8).map(byte).collect()
    }
}
