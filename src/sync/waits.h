#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/strong_id.h"
#include "sync/event.h"

namespace tombolo::sync {

/// The waits of a session that have not settled. An upload wait has a client version that the
/// server is to confirm, a download wait a MARK that is to be answered and reached.
///
/// Thread:  its session's strand.
/// Source:  docs/sync-client.md, "Waits".
class Waits {
 public:
  /// `outlives_pause`: `take_interrupted()` leaves it.
  [[nodiscard]] WaitId add_upload(ClientVersion target,
                                  bool outlives_pause,
                                  std::optional<TimePoint> deadline);
  [[nodiscard]] WaitId add_download(RequestIdent mark, std::optional<TimePoint> deadline);

  // Each takes out the waits that have settled, oldest first.
  [[nodiscard]] std::vector<WaitId> take_uploads(ClientVersion confirmed);
  [[nodiscard]] std::vector<WaitId> take_downloads(RequestIdent reached);
  [[nodiscard]] std::vector<WaitId> take_expired(TimePoint now);
  /// Those of `direction`, or all, that a pause ends.
  [[nodiscard]] std::vector<WaitId> take_interrupted(
      std::optional<Direction> direction = std::nullopt);
  [[nodiscard]] std::vector<WaitId> take_all();
  [[nodiscard]] bool take(WaitId wait);

  /// The marks start again from 1 with a new binding: numbers the download waits anew and returns
  /// the last number given.
  RequestIdent renumber_downloads();

  [[nodiscard]] bool has_uploads() const noexcept;
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;

 private:
  struct Wait {
    WaitId id;
    Direction direction;
    ClientVersion target;
    RequestIdent mark;
    bool outlives_pause = false;
    std::optional<TimePoint> deadline;
  };

  template <typename Predicate>
  std::vector<WaitId> take_if(Predicate&& predicate);

  WaitId last_id_;
  std::vector<Wait> waits_;
};

}  // namespace tombolo::sync
