#pragma once

#include <string_view>

namespace tombolo::client {

/// The record in a file's metadata that says what kind of file it is: absent while it is empty,
/// `kLocalKind`, or "synced " and the partition.
inline constexpr std::string_view kKindOfFileKey = "sdk/kind";
inline constexpr std::string_view kLocalKind = "local";

}  // namespace tombolo::client
