//! Histories as bytes, for the fuzz target: each operation is a byte and its numbers are those after
//! it. Money is drawn as `proptest` draws it, so that both find the same.

use crate::command::BumpWay;

use super::Op;
use super::model::Model;

/// Lives through a history; it panics where the wallet differs from another or breaks a rule. How
/// many blocks there are at its end, and how many payments are in them.
pub(crate) fn live(bytes: &[u8]) -> (usize, usize) {
    let mut rest = Numbers(bytes);
    let mut model = Model::new();
    for _ in 0..MOST_OPS {
        let Some(op) = op(&mut rest) else { break };
        model = model.run(&op);
    }
    model.reached()
}

/// The next operation, if there are bytes left.
fn op(rest: &mut Numbers) -> Option<Op> {
    let &kind = rest.0.first()?;
    rest.0 = &rest.0[1..];
    Some(match kind % KINDS {
        0 => Op::Receive { fresh: rest.flag() },
        1 => Op::PayIn { segwit: rest.flag(), sat: 1_000 + 16 * rest.wide() },
        2 => Op::Draft { thousandths: 1 + rest.wide() % 899, briefly: rest.flag() },
        3 => Op::Bump {
            pick: rest.pick(),
            way: WAYS[rest.pick() % WAYS.len()],
            sat_per_vb: 3 + u32::from(rest.byte()) % 37,
        },
        4 => Op::Sign { pick: rest.pick() },
        5 => Op::Return { pick: rest.pick() },
        6 => Op::Drop { pick: rest.pick() },
        7 => Op::Wait,
        8 => Op::Sweep { sat: 1_000 + rest.wide() },
        9 => Op::SpendElsewhere { pick: rest.pick(), to_us: rest.flag() },
        10 => Op::ReplacePayIn { pick: rest.pick() },
        11 => Op::Hear { pick: rest.pick() },
        12 => Op::Silence,
        13 => Op::Mine { from: rest.pick(), count: rest.pick() % 6, coinbase: rest.flag() },
        14 => Op::Reorganise { depth: 1 + rest.pick() % 4, count: rest.pick() % 3 },
        15 => Op::Restart { lose: rest.flag() },
        16 => Op::Abort,
        17 => Op::Rescan { from: u32::from(rest.byte()) % 30, left: rest.pick() % 4 },
        _ => Op::Freeze { pick: rest.pick() },
    })
}

/// The bytes that are left; zero when there are none.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn pick(&mut self) -> usize {
        usize::from(self.byte())
    }

    fn wide(&mut self) -> u64 {
        u64::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }
}

const KINDS: u8 = 19;

const WAYS: [BumpWay; 4] = [BumpWay::Best, BumpWay::Replace, BumpWay::Cancel, BumpWay::Child];

/// Longer histories take seconds and show what shorter ones do.
const MOST_OPS: usize = 60;
