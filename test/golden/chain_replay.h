#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "test/support/merge_network.h"

namespace tombolo::test {

/// Replays one line of chain.jsonl: a server and three clients that commit, upload and download as
/// recorded.
class ChainReplay {
 public:
  explicit ChainReplay(const merge::DeployedRules& deployed) : network_(deployed) {}

  /// Replays an event; returns what differs from what was recorded, or "".
  [[nodiscard]] std::string replay(const nlohmann::json& event);
  /// Why some next upload or download fails to merge or to apply, if one does; a chain can end so.
  [[nodiscard]] std::optional<ErrorCode> next_failure() const;

  [[nodiscard]] const MergeNetwork& network() const noexcept { return network_; }
  /// Whether a transformed changeset differed from the recorded one.
  [[nodiscard]] bool differed() const noexcept { return differed_; }

 private:
  [[nodiscard]] std::string compare(BytesView transformed, const nlohmann::json& recorded);

  MergeNetwork network_;
  bool differed_ = false;
};

}  // namespace tombolo::test
