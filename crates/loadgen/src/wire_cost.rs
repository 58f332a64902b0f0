//! Bytes on the wire, TCP/IP included, as the kernel counts them on a sample of the lines.

use crate::figures::Figures;
use crate::lines::Lines;
use crate::sys::TcpCounts;

/// IPv4, TCP and its timestamps, in every segment.
const HEADER_BYTES: u64 = 20 + 20 + 12;

/// The counts of some lines at one moment.
pub struct WireSample(Vec<(usize, TcpCounts)>);

/// What those lines have carried since, seen from the player: up is sent, down is received.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireCost {
    lines: u64,
    up: u64,
    down: u64,
    segments_up: u64,
    segments_down: u64,
    data_segments_up: u64,
    data_segments_down: u64,
}

impl WireSample {
    /// Asks the kernel about at most 256 lines, evenly chosen, so that asking does not disturb the load.
    pub fn take(lines: &Lines) -> WireSample {
        const LINES_MAX: usize = 256;
        let step = lines.len().div_ceil(LINES_MAX).max(1);
        let counts = |line| lines.tcp_counts(line).map(|counts| (line, counts));
        WireSample((0..lines.len()).step_by(step).filter_map(counts).collect())
    }

    pub fn cost_since(&self, lines: &Lines) -> WireCost {
        let mut cost = WireCost::default();
        for (line, before) in &self.0 {
            let Some(now) = lines.tcp_counts(*line) else { continue };
            // Segments are counted in 32 bits, which may wrap.
            let since = |now: u64, before: u64| u64::from((now as u32).wrapping_sub(before as u32));
            let segments_up = since(now.segments_out, before.segments_out);
            let segments_down = since(now.segments_in, before.segments_in);
            cost.data_segments_up += since(now.data_segments_out, before.data_segments_out);
            cost.data_segments_down += since(now.data_segments_in, before.data_segments_in);
            cost.lines += 1;
            cost.segments_up += segments_up;
            cost.segments_down += segments_down;
            cost.up += now.bytes_sent - before.bytes_sent + segments_up * HEADER_BYTES;
            cost.down += now.bytes_received - before.bytes_received + segments_down * HEADER_BYTES;
        }
        cost
    }
}

impl WireCost {
    pub fn add(&mut self, other: WireCost) {
        self.lines += other.lines;
        self.up += other.up;
        self.down += other.down;
        self.segments_up += other.segments_up;
        self.segments_down += other.segments_down;
        self.data_segments_up += other.data_segments_up;
        self.data_segments_down += other.data_segments_down;
    }

    pub fn push_figures(&self, figures: &mut Figures, seconds: f64) {
        let each = |count: u64| count as f64 / self.lines.max(1) as f64 / seconds;
        figures.push("wire_up_bytes_per_player_s", each(self.up));
        figures.push("wire_down_bytes_per_player_s", each(self.down));
        figures.push("segments_up_per_player_s", each(self.segments_up));
        figures.push("segments_down_per_player_s", each(self.segments_down));
        let bare = |segments: u64, with_data: u64| each(segments.saturating_sub(with_data));
        figures.push("of_them_bare_acks_up", bare(self.segments_up, self.data_segments_up));
        figures.push("of_them_bare_acks_down", bare(self.segments_down, self.data_segments_down));
    }
}
