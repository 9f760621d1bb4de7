//! How far this machine's clock is from a server's, by the `Date` of a response.

use chrono::{DateTime, TimeDelta, Utc};

use super::Response;

impl Response {
    /// Returns the seconds that this machine's clock is ahead of the server's, which was read between request and
    /// response; zero when the measurement can explain the difference. `None` if the server did not send its time.
    #[must_use]
    pub fn seconds_ahead(&self) -> Option<i64> {
        Some(ahead(self.sent_at, self.received_at, self.date?))
    }
}

/// The server's time has a resolution of one second.
fn ahead(sent: DateTime<Utc>, received: DateTime<Utc>, theirs: DateTime<Utc>) -> i64 {
    let half = TimeDelta::milliseconds(500);
    let travelled = (received - sent) / 2;
    let estimate = (sent + travelled) - (theirs + half);
    if estimate.abs() <= travelled + half {
        return 0;
    }
    let rounding = if estimate < TimeDelta::zero() { -half } else { half };
    (estimate + rounding).num_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_341_600_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_clock_difference_counts_only_when_the_measurement_cannot_explain_it() {
        for (sent, received, server, wanted) in [
            (0, 10, 0, 0),
            (0, 10, -1000, 0),
            (0, 3000, 1000, 0),
            (10_400, 10_410, 0, 10),
            (0, 10, 10_000, -10),
            (0, 10, 4000, -4),
            (60_000, 60_010, 0, 60),
        ] {
            let ahead = ahead(at(sent), at(received), at(server));
            assert_eq!(ahead, wanted, "sent {sent} received {received} server {server}");
        }
    }
}
