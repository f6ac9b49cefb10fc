#include "protocol/version.h"

#include <algorithm>
#include <charconv>

namespace tombolo::protocol {
namespace {

constexpr std::string_view kPartitionPrefix = "com.mongodb.realm-sync#";
constexpr std::string_view kFlexiblePrefix = "com.mongodb.realm-query-sync#";

[[nodiscard]] constexpr std::string_view prefix_of(SyncMode mode) noexcept {
  return mode == SyncMode::kPartition ? kPartitionPrefix : kFlexiblePrefix;
}

[[nodiscard]] Error refused(std::string problem) {
  return {ErrorCode::kBadMessage, "sub-protocol negotiation: " + std::move(problem)};
}

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The whole of `text` as a number.
[[nodiscard]] std::optional<std::uint32_t> parse_version(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end != last) return std::nullopt;
  return number;
}

/// Versions that one token offers, both ends included.
struct VersionRange {
  std::uint32_t min = 0;
  std::uint32_t max = 0;
};

/// `<version>` or `<min>-<max>`.
[[nodiscard]] std::optional<VersionRange> parse_range(std::string_view text) noexcept {
  const std::size_t dash = text.find('-');
  const auto min = parse_version(text.substr(0, dash));
  const auto max = dash == std::string_view::npos ? min : parse_version(text.substr(dash + 1));
  if (!min || !max || *min > *max) return std::nullopt;
  return VersionRange{*min, *max};
}

}  // namespace

std::string subprotocol_token(SubProtocol subprotocol) {
  return std::string(prefix_of(subprotocol.mode)) + std::to_string(subprotocol.version.value());
}

std::string offer_subprotocols(SyncMode mode) {
  std::string offer;
  for (auto version = kProtocolVersionMax.value(); version >= kProtocolVersionMin.value();
       --version) {
    if (!offer.empty()) offer += ", ";
    offer += subprotocol_token({mode, ProtocolVersion(version)});
  }
  return offer;
}

Result<SubProtocol> choose_subprotocol(std::string_view offer) {
  std::optional<SubProtocol> choice;
  bool is_recognized = false;
  for (std::string_view rest = offer; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view token = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    for (const SyncMode mode : {SyncMode::kPartition, SyncMode::kFlexible}) {
      if (!token.starts_with(prefix_of(mode))) continue;
      is_recognized = true;
      const auto range = parse_range(token.substr(prefix_of(mode).size()));
      if (!range) return refused("malformed version number");
      const ProtocolVersion version(std::min(range->max, kProtocolVersionMax.value()));
      if (version < ProtocolVersion(range->min) || version < kProtocolVersionMin) continue;
      if (!choice || version > choice->version) choice = SubProtocol{mode, version};
    }
  }
  if (choice) return *choice;
  return refused(is_recognized ? "no common version, the server speaks " +
                                     std::to_string(kProtocolVersionMin.value()) + " to " +
                                     std::to_string(kProtocolVersionMax.value())
                               : "no sync protocol is offered");
}

Result<SubProtocol> accept_subprotocol(SyncMode mode, std::optional<std::string_view> answer) {
  if (!answer) return refused("the server names no sub-protocol");
  for (auto version = kProtocolVersionMin; version <= kProtocolVersionMax;
       version = version.next()) {
    const SubProtocol subprotocol{mode, version};
    if (*answer == subprotocol_token(subprotocol)) return subprotocol;
  }
  return refused("the server chose what was not offered");
}

}  // namespace tombolo::protocol
