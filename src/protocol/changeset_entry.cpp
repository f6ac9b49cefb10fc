#include "protocol/changeset_entry.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "protocol/decimal.h"
#include "protocol/error_code.h"
#include "protocol/limits.h"

namespace tombolo::protocol {
namespace {

/// Appends `numbers`, each followed by a space, then `changeset`.
template <std::size_t kCount>
void append(Bytes& body, const std::array<std::uint64_t, kCount>& numbers, BytesView changeset) {
  std::array<char, kCount*(kNumberTextMax + 1)> head;
  char* end = head.data();
  for (const std::uint64_t number : numbers) {
    end = std::to_chars(end, head.data() + head.size(), number).ptr;
    *end++ = ' ';
  }
  const auto* first = reinterpret_cast<const std::byte*>(head.data());
  body.insert(body.end(), first, first + (end - head.data()));
  body.insert(body.end(), changeset.begin(), changeset.end());
}

[[nodiscard]] Error bad_entry(SyncErrorCode code, std::string_view problem, std::size_t offset) {
  return bad_message(code,
                     "changeset entry",
                     "changeset entry: " + std::string(problem) + " (byte " +
                         std::to_string(offset) + " of the body)");
}

/// Reads the entry at `offset`: its numbers, the last of which is the size, and its changeset.
/// Moves `offset` behind the entry, or on failure to the end of the body.
template <std::size_t kCount>
[[nodiscard]] Result<BytesView> read(BytesView body,
                                     std::size_t& offset,
                                     std::array<std::uint64_t, kCount>& numbers) {
  const char* const first = as_text(body).data();
  const char* const last = first + body.size();
  const char* position = first + offset;
  offset = body.size();
  for (std::uint64_t& number : numbers) {
    const char* const end = parse_decimal(position, last, number);
    if (end == nullptr || end == last || *end != ' ')
      return bad_entry(SyncErrorCode::kBadChangesetHeaderSyntax,
                       "number is missing or malformed",
                       static_cast<std::size_t>(position - first));
    position = end + 1;
  }
  const auto start = static_cast<std::size_t>(position - first);
  const std::uint64_t size = numbers.back();
  if (size > body.size() - start)
    return bad_entry(SyncErrorCode::kBadChangesetSize, "size reaches beyond the body", start);
  offset = start + static_cast<std::size_t>(size);
  return body.subspan(start, static_cast<std::size_t>(size));
}

template <typename Entry, typename Reader>
[[nodiscard]] Result<std::vector<Entry>> read_all(BytesView body, std::size_t count_max) {
  std::vector<Entry> entries;
  Reader reader(body);
  while (true) {
    Result<std::optional<Entry>> entry = reader.next();
    if (!entry) return entry.error();
    if (!*entry) return entries;
    if (entries.size() == count_max) {
      return Error(ErrorCode::kLimitExceeded,
                   "a message has more than " + std::to_string(count_max) + " changeset entries");
    }
    entries.push_back(**entry);
  }
}

}  // namespace

void append_entry(Bytes& body, const UploadEntry& entry) {
  append(body,
         std::array{entry.client_version.value(),
                    entry.server_version.value(),
                    entry.origin_timestamp.value(),
                    entry.origin_file_ident.value(),
                    std::uint64_t{entry.changeset.size()}},
         entry.changeset);
}

void append_entry(Bytes& body, const DownloadEntry& entry) {
  append(body,
         std::array{entry.server_version.value(),
                    entry.client_version.value(),
                    entry.origin_timestamp.value(),
                    entry.origin_file_ident.value(),
                    entry.original_changeset_bytes,
                    std::uint64_t{entry.changeset.size()}},
         entry.changeset);
}

Result<std::optional<UploadEntry>> UploadEntryReader::next() {
  if (offset_ == body_.size()) return std::optional<UploadEntry>();
  std::array<std::uint64_t, 5> numbers;
  const Result<BytesView> changeset = read(body_, offset_, numbers);
  if (!changeset) return changeset.error();
  return std::optional(UploadEntry{ClientVersion(numbers[0]),
                                   ServerVersion(numbers[1]),
                                   OriginTimestamp(numbers[2]),
                                   ClientFileIdent(numbers[3]),
                                   *changeset});
}

Result<std::optional<DownloadEntry>> DownloadEntryReader::next() {
  if (offset_ == body_.size()) return std::optional<DownloadEntry>();
  std::array<std::uint64_t, 6> numbers;
  const Result<BytesView> changeset = read(body_, offset_, numbers);
  if (!changeset) return changeset.error();
  return std::optional(DownloadEntry{ServerVersion(numbers[0]),
                                     ClientVersion(numbers[1]),
                                     OriginTimestamp(numbers[2]),
                                     ClientFileIdent(numbers[3]),
                                     numbers[4],
                                     *changeset});
}

Result<std::vector<UploadEntry>> parse_upload_entries(BytesView body) {
  return read_all<UploadEntry, UploadEntryReader>(body, kUploadEntriesMax);
}

Result<std::vector<DownloadEntry>> parse_download_entries(BytesView body) {
  return read_all<DownloadEntry, DownloadEntryReader>(body,
                                                      std::numeric_limits<std::size_t>::max());
}

}  // namespace tombolo::protocol
