//! Which pages to take next, and how many at a time.

use std::time::Duration;

/// Bytes in a page; repackd only counts with pages of the server it is connected to, so this is
/// for sizing alone.
pub const PAGE: u64 = 8192;

/// Hands out ranges of pages and aims at a given time for each.
#[derive(Debug, Clone)]
pub struct Chunks {
    gaps: Vec<(u64, u64)>,
    size: u64,
    least: u64,
    target: Duration,
}

impl Chunks {
    /// Everything in `0..pages` except `done`, which must not overlap.
    pub fn new(pages: u64, mut done: Vec<(u64, u64)>, target: Duration) -> Self {
        done.sort_unstable();
        let mut gaps = Vec::new();
        let mut at = 0;
        for (first, past) in done {
            if first > at {
                gaps.push((at, first.min(pages)));
            }
            at = at.max(past);
        }
        if at < pages {
            gaps.push((at, pages));
        }
        gaps.retain(|(first, past)| first < past);
        gaps.reverse();
        // 16 MB takes a fraction of a second anywhere, and is enough that a transaction for each
        // costs nothing that can be measured.
        Self { gaps, size: 2048, least: 128, target }
    }

    /// Sets the least number of pages in a chunk, for work that costs something for each chunk.
    pub fn at_least(mut self, pages: u64) -> Self {
        self.least = pages.max(1);
        self.size = self.size.max(self.least);
        self
    }

    /// Takes the next range.
    pub fn take(&mut self) -> Option<(u64, u64)> {
        let (first, past) = self.gaps.pop()?;
        let cut = first.saturating_add(self.size).min(past);
        if cut < past {
            self.gaps.push((cut, past));
        }
        Some((first, cut))
    }

    /// Learns how long a chunk took. A small one at the end of a gap says nothing about large ones.
    pub fn learn(&mut self, pages: u64, took: Duration) {
        if pages < self.size / 2 {
            return;
        }
        let factor = self.target.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let next = (pages as f64 * factor.clamp(0.25, 2.0)) as u64;
        // 1 GiB at most, so that a sudden slow disk cannot make one chunk last for minutes.
        self.size = next.clamp(self.least, self.least.max(131_072));
    }

    /// Pages not handed out yet.
    pub fn left(&self) -> u64 {
        self.gaps.iter().map(|(first, past)| past - first).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_handed_out_once() {
        let mut chunks =
            Chunks::new(10_000, vec![(2048, 3000), (9000, 10_000)], Duration::from_secs(1));
        let mut seen = vec![0u8; 10_000];
        while let Some((first, past)) = chunks.take() {
            assert!(first < past);
            seen[first as usize..past as usize].iter_mut().for_each(|p| *p += 1);
        }
        for (page, times) in seen.iter().enumerate() {
            let done = (2048..3000).contains(&page) || page >= 9000;
            assert_eq!(*times, u8::from(!done), "page {page}");
        }
    }

    #[test]
    fn the_size_follows_the_time() {
        let mut chunks = Chunks::new(1 << 30, vec![], Duration::from_secs(1));
        chunks.learn(2048, Duration::from_millis(100));
        assert_eq!(chunks.take(), Some((0, 4096)));
        chunks.learn(4096, Duration::from_secs(8));
        assert_eq!(chunks.take(), Some((4096, 5120)));
    }

    #[test]
    fn an_empty_table_has_no_chunks() {
        assert_eq!(Chunks::new(0, vec![], Duration::from_secs(1)).take(), None);
        assert_eq!(Chunks::new(5, vec![(0, 9)], Duration::from_secs(1)).take(), None);
    }
}
