use super::{LINES_MAX, POINTS_MAX, Rings};
use hongbao_shared::{
    Timestamp,
    api::history::{History, HistoryWindow},
};
use std::fmt::Write as _;

fn values(history: &History, name: &str, of: &str) -> Vec<Option<i64>> {
    let line = history.series.iter().find(|line| line.name == name && line.of == of);
    line.map(|line| line.values.clone()).unwrap_or_default()
}

fn take(rings: &mut Rings, second: i64, text: &str) {
    rings.take(Timestamp::from_millis(second * 1000), text);
}

/// Counters by what they rose in each second, gauges as they stand, and quotients; a counter
/// that was not there yet stood at zero, and one that fell was begun anew.
#[test]
fn what_happened_between_samples_is_told() {
    let mut rings = Rings::default();
    let grabs = "hongbao_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/packets/{order_no}/grab\",status=\"200\"}";
    take(&mut rings, 0, "hongbao_live_streams 2\n");
    take(
        &mut rings,
        5,
        &format!(
            "hongbao_claims_total{{shard=\"S0\"}} 15\nhongbao_claims_total{{shard=\"S1\"}} 5\nhongbao_lane_commit_seconds_count 4\n\
             hongbao_lane_commit_seconds_sum 0.008\n{grabs} 40\nhongbao_packet_loads_total 10\nhongbao_live_streams 3\n"
        ),
    );
    take(&mut rings, 10, "hongbao_claims_total{shard=\"S0\"} 10\nhongbao_live_streams 3\n");
    let history = rings.read(HistoryWindow::Quarter);
    assert_eq!(history.at, [5, 10].map(|second| Timestamp::from_millis(second * 1000)));
    assert_eq!(values(&history, "opens", ""), [Some(4_000), Some(0)]);
    assert_eq!(values(&history, "opens_by_shard", "S0"), [Some(3_000), Some(0)]);
    assert_eq!(values(&history, "opens_by_shard", "S1"), [Some(1_000), None]);
    assert_eq!(values(&history, "batch", ""), [Some(5_000), None]);
    assert_eq!(values(&history, "commit", ""), [Some(2_000), None]);
    assert_eq!(values(&history, "from_memory", ""), [Some(75_000), None]);
    assert_eq!(values(&history, "streams", ""), [Some(3_000), Some(3_000)]);
    assert!(history.series.iter().all(|line| line.values.len() == history.at.len()));
}

#[test]
fn rings_are_bounded_in_points_and_in_lines() {
    let mut rings = Rings::default();
    let shards = (0..LINES_MAX * 2).fold(String::new(), |mut text, shard| {
        writeln!(text, "hongbao_claims_total{{shard=\"S{shard}\"}} 1").unwrap();
        text
    });
    for second in 0..2_000 {
        take(
            &mut rings,
            second * 5,
            if second == 7 { &shards } else { "hongbao_live_streams 1\n" },
        );
    }
    for window in [HistoryWindow::Quarter, HistoryWindow::Day, HistoryWindow::Week] {
        let history = rings.read(window);
        assert!(history.at.len() < POINTS_MAX && history.series.len() <= LINES_MAX, "{window:?}");
    }
    assert_eq!(rings.read(HistoryWindow::Quarter).at.len(), POINTS_MAX - 1);
    assert_eq!(rings.read(HistoryWindow::Day).at.len(), 2_000 / 96);
    assert_eq!(rings.read(HistoryWindow::Week).at.len(), 2);
}
