#pragma once

#include <string_view>

namespace tombolo::client {

/// The record in a file's metadata that says what kind of file it is: absent while it is empty,
/// `kLocalKind`, or "synced " and the partition.
inline constexpr std::string_view kKindOfFileKey = "sdk/kind";
inline constexpr std::string_view kLocalKind = "local";
/// The record that says to whom a synced file belongs: the id of the user who made it. The server
/// takes it from nobody else.
inline constexpr std::string_view kOwnerKey = "sdk/owner";

/// The record of the version of a local file's schema, in decimal; absent: 0.
inline constexpr std::string_view kSchemaVersionKey = "sdk/schema-version";

}  // namespace tombolo::client
