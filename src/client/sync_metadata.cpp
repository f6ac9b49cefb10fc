#include "client/sync_metadata.h"

#include <string_view>

#include "base/error.h"

namespace tombolo::client {
namespace {

constexpr std::string_view kKey = "sync/state";
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kNumberBytes = 8;

/// The numbers of a record in the order in which they are stored; `number(x)` reads or writes one.
template <typename State, typename Number>
void for_each_number(State& state, Number&& number) {
  number(state.file_ident.ident);
  number(state.file_ident.salt);
  number(state.progress.download.server_version);
  number(state.progress.download.client_version);
  number(state.progress.upload.client_version);
  number(state.progress.upload.server_version);
  number(state.progress.latest_server_version.version);
  number(state.progress.latest_server_version.salt);
  number(state.uploaded_bytes);
  number(state.downloaded_bytes);
  number(state.downloads_left);
}

std::uint64_t to_number(std::uint64_t number) noexcept {
  return number;
}
template <typename Tag, typename Rep>
std::uint64_t to_number(StrongId<Tag, Rep> id) noexcept {
  return static_cast<std::uint64_t>(id.value());
}
void from_number(std::uint64_t number, std::uint64_t& target) noexcept {
  target = number;
}
template <typename Tag, typename Rep>
void from_number(std::uint64_t number, StrongId<Tag, Rep>& target) noexcept {
  target = StrongId<Tag, Rep>(static_cast<Rep>(number));
}

}  // namespace

SyncMetadata read_sync_metadata(const store::MetadataReader& metadata) {
  SyncMetadata state;
  const auto record = metadata.find(as_bytes(kKey));
  if (!record) return state;
  BytesView rest = *record;
  if (rest.empty() || std::to_integer<std::uint8_t>(rest.front()) != kFormat) {
    throw Error(ErrorCode::kFileFormatTooNew, "the sync state was stored by a newer version");
  }
  rest = rest.subspan(1);
  for_each_number(state, [&](auto& target) {
    if (rest.size() < kNumberBytes) {
      throw Error(ErrorCode::kFileCorrupt, "the record of the sync state is too short");
    }
    std::uint64_t number = 0;
    for (std::size_t i = kNumberBytes; i-- > 0;) {
      number = number << 8 | std::to_integer<std::uint64_t>(rest[i]);
    }
    from_number(number, target);
    rest = rest.subspan(kNumberBytes);
  });
  return state;
}

void write_sync_metadata(store::MetadataWriter metadata, const SyncMetadata& state) {
  Bytes record{static_cast<std::byte>(kFormat)};
  for_each_number(state, [&](const auto& source) {
    const std::uint64_t number = to_number(source);
    for (int shift = 0; shift < 64; shift += 8) {
      record.push_back(static_cast<std::byte>(number >> shift));
    }
  });
  metadata.put(as_bytes(kKey), record);
}

}  // namespace tombolo::client
