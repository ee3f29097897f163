//! Owns the long life of one program in a world: hours without a death or a bad disk, among all else
//! that can go wrong, and what they leave in its memory.
//!
//! A world remembers every block, so it grows by itself; world and program together may grow by no
//! more than that. What the program holds is what is given back when it ends; one that begins anew
//! on the same files, at the same tip, says how much of that it needs. Refuses to count memory: the process that lives through it does.

use anyhow::{Context, Result, ensure};

use super::report::Report;
use super::world::World;
use super::{HOUR, come_to_rest};

/// What a program held at the end of a long life, in bytes of its allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Who had lived for so long.
    pub old: usize,
    /// One that began anew, an hour later.
    pub new: usize,
}

/// Lives through the world of a seed for so many hours, whose program never dies, and tells of it
/// after each; `live` counts the bytes that are allocated.
///
/// # Errors
/// What must not be, with the seed; and that the old program holds more than a new one.
pub fn soak(
    seed: u64,
    hours: u32,
    live: impl Fn() -> usize,
    tell: impl FnMut(u32, &Report) -> Result<()>,
) -> Result<(Report, Memory)> {
    let mut world = World::new(seed).with_context(|| format!("seed {seed}"))?;
    world.spare();
    let lived = last(&mut world, hours, live, tell);
    let memory = lived
        .with_context(|| format!("seed {seed}, after {:?}: {:?}", world.time, world.report))?;
    Ok((world.report, memory))
}

fn last(
    world: &mut World,
    hours: u32,
    live: impl Fn() -> usize,
    mut tell: impl FnMut(u32, &Report) -> Result<()>,
) -> Result<Memory> {
    let mut hourly = Vec::new();
    for hour in 1..=hours {
        world.live_until(HOUR * hour)?;
        hourly.push(live());
        tell(hour, &world.report)?;
    }
    let grown = grown(&hourly);
    ensure!(grown <= OF_A_WORLD * hourly.len() / 2, "{grown} bytes more from quarter to quarter");
    let given_back = |world: &mut World| {
        let before = live();
        world.close();
        before.saturating_sub(live())
    };
    let old = given_back(world);
    world.live_until(world.time + HOUR)?;
    let memory = Memory { old, new: given_back(world) };
    come_to_rest(world)?;
    ensure!(memory.old <= memory.new + LEFT_BEHIND, "{memory:?} bytes");
    Ok(memory)
}

/// From the median of the second quarter to that of the last.
fn grown(hourly: &[usize]) -> usize {
    let quarter = hourly.len() / 4;
    let median = |from: usize| {
        let mut part: Vec<usize> = hourly.iter().skip(from).take(quarter).copied().collect();
        part.sort_unstable();
        part.get(quarter / 2).copied().unwrap_or_default()
    };
    median(hourly.len() - quarter).saturating_sub(median(quarter))
}

/// Bytes that a day may leave in the program: ten for each of some 25,000 steps.
const LEFT_BEHIND: usize = 256 << 10;

/// Bytes that a world with its program may take for an hour: the blocks and payments of one are some
/// 25 KiB.
const OF_A_WORLD: usize = 40 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_no_growth_and_what_stays_is() {
        let waves: Vec<usize> = (0..24).map(|hour| 1_000 + hour % 3).collect();
        assert_eq!(grown(&waves), 0);
        let rises: Vec<usize> = (0..24).map(|hour| hour * 10).collect();
        assert_eq!(grown(&rises), 120);
    }
}
